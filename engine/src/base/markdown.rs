//! Markdown that is safe to render and still good to read as it is: texts of a document are never markup.

/// The maximum length of a text in a cell or sentence, so that every card stays short.
const LONGEST: usize = 1000;

/// A text of a document on one line, with all markup escaped. Not for the start of a line.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST) + 8);
    let mut before = ' ';
    let mut characters = text.trim().chars().filter(|c| !is_invisible(*c)).peekable();
    let mut count = 0;
    while let Some(found) = characters.next() {
        count += 1;
        if count > LONGEST {
            out.push('…');
            break;
        }
        let character = if found.is_whitespace() || found.is_control() { ' ' } else { found };
        let next = characters.peek().copied().unwrap_or(' ');
        match character {
            ' ' if before == ' ' => {}
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '|' | '[' | ']' | '#' | '~' | '$' => out.extend(['\\', character]),
            // Inside a name an underscore is plain, and reads better so.
            '_' if !(before.is_alphanumeric() && next.is_alphanumeric()) => out.push_str("\\_"),
            plain => out.push(plain),
        }
        before = character;
    }
    out
}

/// Characters that are not seen but turn or hide the text around them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A table of cells that are escaped here. The heads are plain words.
pub(crate) fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>, out: &mut String) {
    push_row(heads.iter().map(|head| (*head).to_owned()), out);
    push_row(heads.iter().map(|_| "---".to_owned()), out);
    for row in rows {
        push_row(row.iter().map(|cell| escape(cell)), out);
    }
    out.push('\n');
}

fn push_row(cells: impl Iterator<Item = String>, out: &mut String) {
    out.push('|');
    for cell in cells {
        out.extend([" ", &cell, " |"]);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        for (text, safe) in [
            ("a|b", r"a\|b"),
            ("<script>alert(1)</script> & co", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co"),
            ("`x` *y* ~z~ $q$ #h", r"\`x\` \*y\* \~z\~ \$q\$ \#h"),
            ("![a](b)", r"!\[a\](b)"),
            (r"\|", r"\\\|"),
            (" one\r\n\ttwo\u{2028}three ", "one two three"),
            ("logins_30d _em_ a_", r"logins_30d \_em\_ a\_"),
            ("a\u{202e}b\u{200b}c\u{0}d", "abc d"),
            ("", ""),
        ] {
            assert_eq!(escape(text), safe, "{text:?}");
        }
        let long = escape(&"|".repeat(10_000));
        assert_eq!(long.chars().count(), 2 * LONGEST + 1);
    }
}
