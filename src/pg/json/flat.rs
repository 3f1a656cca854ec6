//! Reading an account from JSON text without making a jsonb of it first: flat objects, as accounts are.
//!
//! Everything else (nested values, escapes, and whatever is not JSON at all) is left to jsonb's input function, so that
//! meaning and errors are Postgres's own.

use health_score_engine::{Value, parse_decimal};

use crate::pg::json::jsonb::Keys;

/// Fills `values` (all [`Value::Missing`] before) and says whether a key was found; none where this reader does not
/// support the text; then `values` are undefined.
pub fn read<'a>(text: &'a [u8], keys: &Keys, values: &mut [Value<'a>]) -> Option<bool> {
    let mut scan = Scan { text, at: 0 };
    let mut found = false;
    scan.expect(b'{')?;
    loop {
        scan.blanks();
        let key = scan.string()?;
        scan.expect(b':')?;
        scan.blanks();
        let value = scan.value()?;
        if let Some(input) = keys.find(key) {
            // With a duplicate key the last one counts, as in jsonb.
            values[input] = value;
            found = true;
        }
        scan.blanks();
        match scan.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    scan.blanks();
    (scan.at == text.len()).then_some(found)
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.next()? == byte).then_some(())
    }

    /// A string without escapes.
    fn string(&mut self) -> Option<&'a [u8]> {
        if self.next()? != b'"' {
            return None;
        }
        let start = self.at;
        loop {
            match self.next()? {
                b'"' => return Some(&self.text[start..self.at - 1]),
                b'\\' | 0..b' ' => return None,
                _ => {}
            }
        }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        match self.peek()? {
            b'"' => std::str::from_utf8(self.string()?).ok().map(Value::Text),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'n' => self.word(b"null", Value::Missing),
            _ => None,
        }
    }

    /// What follows is checked by the caller: a comma, a brace or a blank.
    fn word(&mut self, word: &[u8], value: Value<'a>) -> Option<Value<'a>> {
        if !self.text[self.at..].starts_with(word) {
            return None;
        }
        self.at += word.len();
        Some(value)
    }

    /// By the grammar of JSON, which is narrower than what Rust reads as a number.
    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.some_digits()?;
        }
        let number = std::str::from_utf8(&self.text[start..self.at]).ok().and_then(parse_decimal)?;
        // −0 is 0 in jsonb.
        number.is_finite().then_some(Value::Number(number + 0.0))
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Option<()> {
        let start = self.at;
        self.digits();
        (self.at > start).then_some(())
    }
}
