//! The hash by which GitHub knows a line again after others moved it.
//!
//! GitHub hashes a window of 100 UTF-16 units that begins with the line, blanks
//! left out and line ends as `\n`, so that an alert survives edits further up.
//! A tool that brings the same value avoids alerts that close and open again.

use rustc_hash::FxHashMap;

const WINDOW: usize = 100;
const BASE: u64 = 37;
/// The factor of the unit that leaves the window.
const LEAVING: u64 = BASE.wrapping_pow(WINDOW as u32);
const END: u16 = u16::MAX;

/// Calls `each` with every line's first byte and its fingerprint, in order.
pub fn each_line(text: &str, each: impl FnMut(u32, u64, u32)) {
    let mut lines = Lines::new(each);
    let mut after_return = false;
    for (at, c) in text.char_indices() {
        let next = (at + c.len_utf8()) as u32;
        match c {
            ' ' | '\t' => after_return = false,
            '\n' if after_return => {
                after_return = false;
                lines.start = Some(next);
            }
            '\n' | '\r' => {
                after_return = c == '\r';
                lines.push(u16::from(b'\n'));
                lines.start = Some(next);
            }
            _ => {
                after_return = false;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    lines.push(*unit);
                }
            }
        }
    }
    lines.push(END);
    for _ in 1..WINDOW {
        lines.push(0);
    }
}

/// The rolling hash and what is in its window.
struct Lines<F> {
    each: F,
    /// Units, and where a line begins with one of them.
    window: [(u16, Option<u32>); WINDOW],
    next: usize,
    hash: u64,
    /// The line whose first unit comes next.
    start: Option<u32>,
    seen: FxHashMap<u64, u32>,
}

impl<F: FnMut(u32, u64, u32)> Lines<F> {
    fn new(each: F) -> Self {
        Self {
            each,
            window: [(0, None); WINDOW],
            next: 0,
            hash: 0,
            start: Some(0),
            seen: FxHashMap::default(),
        }
    }

    fn push(&mut self, unit: u16) {
        let (leaving, _) = self.window[self.next];
        self.hash = self
            .hash
            .wrapping_mul(BASE)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(LEAVING.wrapping_mul(u64::from(leaving)));
        self.window[self.next] = (unit, self.start.take());
        self.next = (self.next + 1) % WINDOW;
        if let (_, Some(line)) = self.window[self.next] {
            let seen = self.seen.entry(self.hash).or_insert(0);
            *seen += 1;
            (self.each)(line, self.hash, *seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        each_line(text, |_, hash, seen| all.push(format!("{hash:x}:{seen}")));
        all
    }

    /// Values that GitHub publishes in the tests of `github/codeql-action`
    /// (`src/fingerprints.test.ts`).
    #[test]
    fn published_values_are_met() {
        assert_eq!(hashes(""), ["c129715d7a2bc9a3:1"]);
        assert_eq!(
            hashes(" a\nb\n  \t\tc\n d"),
            [
                "271789c17abda88f:1",
                "54703d4cd895b18:1",
                "180aee12dab6264:1",
                "a23a3dc5e078b07b:1",
            ]
        );
        assert_eq!(
            hashes(" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End"),
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1",
            ]
        );
        let ended = [
            "e9496ae3ebfced30:1",
            "fb7c023a8b9ccb3f:1",
            "ce8ba1a563dcdaca:1",
            "e20e36e16fcb0cc8:1",
            "b3edc88f2938467e:1",
            "c8e28b0b4002a3a0:1",
            "c129715d7a2bc9a3:1",
        ];
        for text in [
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
            " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
            " hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n",
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
        ] {
            assert_eq!(hashes(text), ended, "{text:?}");
        }
        assert_eq!(
            hashes(&"Lorem ipsum dolor sit amet.\n".repeat(10)),
            [
                "a7f2ff13bc495cf2:1",
                "a7f2ff13bc495cf2:2",
                "a7f2ff13bc495cf2:3",
                "a7f2ff13bc495cf2:4",
                "a7f2ff13bc495cf2:5",
                "a7f2ff13bc495cf2:6",
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1",
            ]
        );
    }

    #[test]
    fn lines_are_named_by_their_first_byte() {
        let mut starts = Vec::new();
        each_line("a\r\n\n  é\r\nb", |start, _, _| starts.push(start));
        assert_eq!(starts, [0, 3, 4, 10]);
    }
}
