#!/usr/bin/perl
# Prints the upgrade script between two install scripts: the hand-written part, and around it the generated part.
#
#   upgrade.pl OLD.sql NEW.sql HAND.sql
#
# Functions, views and comments that differ between OLD and NEW are replaced; statements that are only in NEW are run;
# functions and views that are only in OLD are dropped. A changed table, type, index, trigger or aggregate needs a
# hand-written change. The hand-written part runs first; a line "-- @generated" in it is where the generated part goes.
# Where NEW revokes privileges on its objects, the upgrade does so on those objects alone that it makes.
use strict;
use warnings;

my ($old_file, $new_file, $hand_file) = @ARGV;
die "usage: upgrade.pl OLD.sql NEW.sql HAND.sql\n" unless defined $hand_file;

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    my $text = <$in>;
    close $in;
    return $text;
}

# The statements of a script, without the comments between them. Strings, dollar quotes and comments may hold semicolons, and so
# does a body that begins with BEGIN ATOMIC.
sub statements {
    my ($text) = @_;
    my (@found, $statement);
    $statement = '';
    for ($text) {
        while (1) {
            if (/\G\\[^\n]*\n/gc) { next if $statement eq ''; die "a psql command inside of a statement: $statement\n" }
            if (/\G(--[^\n]*\n?)/gc) { my $comment = $1; $statement .= $comment if $statement =~ /\S/; next }
            if (/\G(\$\w*\$).*?\1/gcs || /\G'(?:[^']|'')*'/gc || /\G"(?:[^"]|"")*"/gc) { $statement .= $&; next }
            if (/\GBEGIN ATOMIC\b.*?^END(?=;)/gcms) { $statement .= $&; next }
            if (/\G;/gc) {
                push @found, "$statement;";
                $statement = '';
                next;
            }
            if (/\G\s+/gc) { $statement .= $& if $statement ne ''; next }
            if (/\G(?:\w+|.)/gcs) { $statement .= $&; next }
            last;
        }
    }
    die "the script ends inside of a statement: $statement\n" if $statement =~ /\S/;
    return @found;
}

# The argument list that begins at the first parenthesis of a text.
sub arguments {
    my ($text) = @_;
    my ($list) = $text =~ /^[^(]*(\((?:[^()']|'(?:[^']|'')*'|(?1))*\))/s or die "no arguments in: $text\n";
    # DROP takes names and modes, but no defaults.
    $list =~ s/\s+(?:DEFAULT\s+|=\s*)(?:'(?:[^']|'')*'|\((?:[^()]|\([^()]*\))*\)|[^,()']|\([^()]*\))+//gs;
    $list =~ s/\s+/ /g;
    # Results are no part of a function's identity.
    $list =~ s/,? ?\bOUT [^,()]+(?:\([^()]*\)[^,()]*)?(?=[,)])//g;
    $list =~ s/^([^(]*\(), ?/$1/;
    return $list;
}

# What a statement makes: its kind and a name that tells it from all others.
sub identity {
    my ($statement) = @_;
    return ('comment', $1) if $statement =~ /^(COMMENT ON .*?) IS\s/s;
    if ($statement =~ /^CREATE (FUNCTION|PROCEDURE) (\S+?)\s*\(/) { return (lc $1, "$2" . arguments($statement)) }
    if ($statement =~ /^CREATE AGGREGATE (\S+?)\s*\(/) { return ('aggregate', "$1" . arguments($statement)) }
    return ('view', $1) if $statement =~ /^CREATE VIEW (\S+)/;
    return (lc $1, $2) if $statement =~ /^CREATE (?:UNIQUE )?(TABLE|TYPE|INDEX|EVENT TRIGGER|SCHEMA|SEQUENCE|DOMAIN|CAST|OPERATOR) (\S+)/;
    return ('trigger', "$1 $2") if $statement =~ /^CREATE TRIGGER (\S+) .*? ON (\S+)/s;
    return ('setting', $statement) if $statement =~ /^SET /;
    return ('statement', $statement);
}

sub read_script {
    my (@order, %known);
    for my $statement (statements(slurp($_[0]))) {
        my ($kind, $name) = identity($statement);
        # A type is declared before it is made.
        my $key = "$kind $name" . ($kind eq 'type' && $statement =~ /^CREATE TYPE \S+;$/ ? ' declared' : '');
        die "$_[0] makes twice: $key\n" if exists $known{$key} && $kind ne 'setting';
        push @order, $key unless exists $known{$key};
        $known{$key} = [$kind, $name, $statement];
    }
    return (\@order, \%known);
}

my ($old_order, $old) = read_script($old_file);
my ($new_order, $new) = read_script($new_file);

my @settings = map { $new->{$_}[2] } grep { $new->{$_}[0] eq 'setting' } @$new_order;
my $revoke = qr/^(SELECT health_privileges_revoke\b.*);$/s;
my @generated;
for my $key (@$new_order) {
    my ($kind, $name, $statement) = @{ $new->{$key} };
    next if $kind eq 'setting';
    if ($statement =~ $revoke) {
        push @generated, "$1\n   AND NOT EXISTS (SELECT FROM pg_temp.health_members_before b WHERE b.classid = d.classid AND b.objid = d.objid);"
            if grep { !/^(?:CREATE OR REPLACE|COMMENT)/ } @generated or -e $hand_file;
        next;
    }
    if (!exists $old->{$key}) {
        push @generated, $statement;
        next;
    }
    next if $old->{$key}[2] eq $statement;
    $statement =~ s/^CREATE /CREATE OR REPLACE / if $kind =~ /^(?:function|procedure|view)$/;
    push @generated, $statement if $kind =~ /^(?:function|procedure|view|comment)$/;
}
# A function whose arguments get other names is made anew under the same types: its DROP, by hand, comes before.
my $hand = -e $hand_file ? slurp($hand_file) : '';
my ($before, $after) = split /^-- \@generated\n/m, $hand, 2;
my %dropped = map { $_ => 1 } ($before // '') =~ /^DROP (?:FUNCTION|PROCEDURE) (?:[\w@]+\.)?(\w+)/mg;
for my $key (reverse @$old_order) {
    my ($kind, $name) = @{ $old->{$key} };
    next if exists $new->{$key};
    next if $kind =~ /^(?:function|procedure)$/ && $name =~ /^(?:[\w@]+\.)?(\w+)/ && $dropped{$1};
    push @generated, 'DROP ' . uc($kind) . " IF EXISTS $name;" if $kind =~ /^(?:function|procedure|aggregate|view)$/;
}

my ($members, $no_members) = ('', '');
if (grep { /pg_temp\.health_members_before/ } @generated) {
    $members = <<'SQL';
CREATE TEMPORARY TABLE health_members_before AS
SELECT d.classid, d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
 WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e';

SQL
    $no_members = "DROP TABLE pg_temp.health_members_before;\n";
}

print join("\n", '\echo Use "ALTER EXTENSION health_score UPDATE" to load this file. \quit', @settings), "\n\n";
print $members, $before // '', "\n", map({ "$_\n\n" } @generated), $after // '', $no_members;
