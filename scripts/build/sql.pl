#!/usr/bin/perl
# Prints the files that are its arguments, one after the other, with their templates expanded: SQL that is written once and needed in
# many forms. A template is made of lines that begin with --@. Cells of a line are separated by |; {name} stands for a cell.
#
#   --@ list models: model | volatility        a list with the names of its columns,
#   --@   text | STABLE                        a row a line; it is known from there on, in all files
#   --@   jsonb | IMMUTABLE
#
#   --@ for models, accounts                   the lines up to "--@ end" once for each row, for several lists
#   … {model} … {volatility} …                 once for each pair, triple …, those of the last list the fastest
#   --@ end
#
#   --@ define step: aggregate | arguments     the lines up to "--@ end" under a name,
#   …
#   --@ end
#   --@ step health_nps | double precision     which stands for them from there on, in all files
use strict;
use warnings;

my (%lists, %defined, $place);

sub wrong { die "$place: @_\n" }

# The cells of a line; those behind the last | may be empty.
sub cells { map { s/^\s+|\s+$//gr } split /\|/, $_[0], -1 }

# Lines with the cells of a row in place of the names of its columns.
sub fill {
    my ($names, $row, @lines) = @_;
    @$names == @$row or wrong('there are ' . @$names . " columns (@$names), and " . @$row . ' cells');
    my %cell;
    @cell{@$names} = @$row;
    for (@lines) {
        s/\{(\w+)\}/$cell{$1} \/\/ wrong("there is no column $1")/ge;
        s/[ \t]+$//;
    }
    return @lines;
}

# All combinations of the rows of some lists: the names of their columns, and the cells.
sub combinations {
    my ($names, $rows) = ([], [[]]);
    for my $list (@_) {
        $lists{$list} or wrong("there is no list $list");
        push @$names, @{ $lists{$list}{names} };
        $rows = [ map { my $row = $_; map { [ @$row, @$_ ] } @{ $lists{$list}{rows} } } @$rows ];
    }
    return ($names, $rows);
}

for my $file (@ARGV) {
    open my $input, '<', $file or die "$file: $!\n";
    print "\n-- $file\n";
    my ($list, $block, $name, @names, @lines);
    while (my $line = <$input>) {
        $place = "$file line $.";
        if ($line !~ /^--@/) {
            undef $list;
            $block ? push @lines, $line : print $line;
        } elsif ($line =~ /^--@ end$/) {
            $block or wrong('there is nothing to end');
            if ($block eq 'define') {
                $defined{$name} = { names => [@names], lines => [@lines] };
            } else {
                my ($columns, $rows) = combinations(@names);
                print fill($columns, $_, @lines), "\n" for @$rows;
            }
            undef $block;
        } elsif ($block) {
            wrong('a template in a template');
        } elsif ($line =~ /^--@ list (\w+): (.*)$/) {
            $list = $1;
            $lists{$list} and wrong("list $list is there already");
            $lists{$list} = { names => [ cells($2) ], rows => [] };
        } elsif ($line =~ /^--@   (.*)$/ && $list) {
            push @{ $lists{$list}{rows} }, [ cells($1) ];
            @{ $lists{$list}{rows}[-1] } == @{ $lists{$list}{names} } or wrong("not as many cells as list $list has columns");
        } elsif ($line =~ /^--@ for (.*)$/) {
            ($block, @names, @lines) = ('for', split /,\s*/, $1);
        } elsif ($line =~ /^--@ define (\w+): (.*)$/) {
            $defined{$1} and wrong("$1 is defined already");
            ($block, $name, @lines) = ('define', $1);
            @names = cells($2);
        } elsif ($line =~ /^--@ (\w+) (.*)$/ && $defined{$1}) {
            print fill($defined{$1}{names}, [ cells($2) ], @{ $defined{$1}{lines} }), "\n";
        } else {
            wrong("this is no template: $line");
        }
    }
    $block and wrong('a template without its end');
    close $input;
}
