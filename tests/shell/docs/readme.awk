# Splits a Markdown page into one psql script of its ```sql blocks, and the outputs that it shows for them.
#
#   awk -v script=FILE -v expected=FILE -f readme.awk page.md
#
# A ```text block directly after a ```sql block is its output. Each block begins with a mark, "@ page.md:line", in the
# script's output and in the file of expected outputs. An ERROR is allowed only where the page shows one.

/^ *```/ {
    if (inside) {
        inside = ""
    } else if ($0 == "```sql") {
        inside = "sql"
        marks[++blocks] = "@ " page ":" FNR
        answerable = 1
    } else if ($0 == "```text" && answerable) {
        inside = "output"
        shown[blocks] = 1
        answerable = 0
    } else {
        inside = "other"
        answerable = 0
    }
    next
}

inside == "sql"    { queries[blocks] = queries[blocks] $0 "\n" }
inside == "output" { outputs[blocks] = outputs[blocks] $0 "\n"; if (/^ERROR: /) fails[blocks] = 1 }
!inside && /[^ \t]/ { answerable = 0 }

END {
    if (inside) { print page ": a block is not closed" > "/dev/stderr"; exit 1 }
    if (!blocks) { print page ": no sql block" > "/dev/stderr"; exit 1 }
    for (block = 1; block <= blocks; block++) {
        print "\\echo '" marks[block] "'" > script
        print "\\set ON_ERROR_STOP " (fails[block] ? "off" : "on") > script
        printf "%s", queries[block] > script
        print marks[block] > expected
        printf "%s", (shown[block] ? outputs[block] : "(not shown)\n") > expected
    }
    print "\\echo '@ end'" > script
    print "@ end" > expected
}
