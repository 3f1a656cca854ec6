#!/usr/bin/perl
# Reads SQL and prints it with each RAISE EXCEPTION of its PL/pgSQL functions as a call of health_raise(), the C function that leaves
# the frames of this extension out of CONTEXT. A statement whose ERRCODE is no condition name in quotes passes on an error of somebody
# else, and stays as it is.
use strict;
use warnings;

my %sqlstate = (
    check_violation                  => '23514',
    datatype_mismatch                => '42804',
    dependent_objects_still_exist    => '2BP01',
    duplicate_object                 => '42710',
    duplicate_table                  => '42P07',
    feature_not_supported            => '0A000',
    insufficient_privilege           => '42501',
    invalid_parameter_value          => '22023',
    invalid_transaction_state        => '25000',
    lock_not_available               => '55P03',
    no_data_found                    => 'P0002',
    not_null_violation               => '23502',
    null_value_not_allowed           => '22004',
    numeric_value_out_of_range       => '22003',
    object_in_use                    => '55006',
    object_not_in_prerequisite_state => '55000',
    program_limit_exceeded           => '54000',
    serialization_failure            => '40001',
    undefined_column                 => '42703',
    undefined_function               => '42883',
    undefined_object                 => '42704',
    undefined_table                  => '42P01',
    unique_violation                 => '23505',
    wrong_object_type                => '42809',
);

# The parts of a list that commas separate outside of strings and parentheses.
sub parts {
    my ($list) = @_;
    my ($depth, @parts) = (0, '');
    while ($list =~ /\G('(?:[^']|'')*'|"(?:[^"]|"")*"|.)/gcs) {
        my $piece = $1;
        $depth++ if $piece =~ /^[(\[]$/;
        $depth-- if $piece =~ /^[)\]]$/;
        if ($piece eq ',' && $depth == 0) { push @parts, '' } else { $parts[-1] .= $piece }
    }
    return map { s/^\s+|\s+$//gr } @parts;
}

sub call {
    my ($statement, $message, $arguments, $options) = @_;
    my %option;
    for (parts($options)) {
        /^(ERRCODE|DETAIL|HINT) = (.*)$/s or die "raise.pl: an option that is not known: $_\n";
        $option{$1} = $2;
    }
    return $statement unless ($option{ERRCODE} // '') =~ /^'(\w+)'$/;
    my $state = $sqlstate{$1} or die "raise.pl: a condition that is not known: $1\n";
    # RAISE shows NULL as <NULL>, and % stands for a value of any type.
    my $text = $arguments eq '' ? $message =~ s/%%/%/gr : sprintf 'pg_catalog.format(%s, %s)', $message =~ s/%%|%/$& eq '%' ? '%s' : $&/ger, $arguments;
    return sprintf "PERFORM health_score_internal.health_raise('%s', %s, %s, %s);", $state, $text, $option{DETAIL} // 'NULL', $option{HINT} // 'NULL';
}

local $/;
my $sql = <STDIN>;
my $string = qr/'(?:[^']|'')*'/;
$sql =~ s/(RAISE EXCEPTION ($string)((?:\s*,(?:$string|[^;'])*?)?)\s+USING\s+((?:$string|[^;'])*);)/my @found = ($1, $2, $3, $4); $found[2] =~ s{^\s*,\s*}{}; call(@found)/ge;
print $sql;
