//! Messages as bytes: the frames of the protocol's base, and JSON in them.
//!
//! An editor's mistake must not end the server, so frames are read here:
//! what cannot be read is a message too, and the next one is looked for.

use std::io::{self, BufRead, Read, Write};

use lsp_server::{ErrorCode, Message, RequestId};
use serde_json::{Value, json};

/// What came from the editor.
#[derive(Debug)]
pub enum Incoming {
    Message(Message),
    /// Something that is no message: the id if it could be told, what kind of
    /// mistake it is, and what is wrong.
    Nonsense(Option<RequestId>, ErrorCode, String),
}

/// The longest message that is read.
const LONGEST: u64 = 1 << 28;

/// The longest line of a header.
const LONGEST_LINE: u64 = 1 << 12;

/// Reads the next message; `None` at the end of the input.
pub fn read(input: &mut impl BufRead) -> Option<Incoming> {
    match frame(input) {
        Ok(None) => None,
        Ok(Some(bytes)) => Some(message(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Some(Incoming::Nonsense(
            None,
            ErrorCode::ParseError,
            error.to_string(),
        )),
        Err(_) => None,
    }
}

fn message(bytes: &[u8]) -> Incoming {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => {
            let message = format!("the message is not JSON: {error}");
            return Incoming::Nonsense(None, ErrorCode::ParseError, message);
        }
    };
    let id = serde_json::from_value(value["id"].clone()).ok();
    match serde_json::from_value(value) {
        Ok(message) => Incoming::Message(message),
        Err(_) => Incoming::Nonsense(
            id,
            ErrorCode::InvalidRequest,
            "this is neither a request, nor a response, nor a notification".into(),
        ),
    }
}

/// The content of the next frame.
fn frame(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = None;
    loop {
        let Some(line) = line(input)? else {
            return Ok(None);
        };
        match line.split_once(':') {
            None if line.is_empty() => break,
            None => return Err(invalid("a header without a colon")),
            Some((name, value)) if name.trim().eq_ignore_ascii_case("content-length") => {
                let value = value.trim().parse().ok().filter(|v| *v <= LONGEST);
                length = Some(value.ok_or_else(|| invalid("a Content-Length that is none"))?);
            }
            Some(_) => {}
        }
    }
    let length = length.ok_or_else(|| invalid("a header without Content-Length"))?;
    let mut content = Vec::new();
    input.take(length).read_to_end(&mut content)?;
    match content.len() as u64 == length {
        true => Ok(Some(content)),
        false => Ok(None),
    }
}

fn line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&line);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_string()))
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Writes a message of the server.
///
/// # Errors
/// What `out` answers.
pub fn write(out: &mut impl Write, message: &Message) -> io::Result<()> {
    message.write(out)
}

/// Answers a request of which not even the id could be read.
///
/// # Errors
/// What `out` answers.
pub fn write_error(out: &mut impl Write, code: ErrorCode, message: &str) -> io::Result<()> {
    let error = json!({ "code": code as i32, "message": message });
    let text = json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
    write!(out, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> Vec<String> {
        let mut input = bytes;
        std::iter::from_fn(|| read(&mut input))
            .map(|incoming| match incoming {
                Incoming::Message(Message::Request(request)) => request.method,
                Incoming::Message(_) => "message".into(),
                Incoming::Nonsense(id, code, _) => format!("{} {id:?}", code as i32),
            })
            .collect()
    }

    fn framed(text: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    }

    #[test]
    fn what_is_no_message_does_not_hide_the_next() {
        let good = framed(r#"{"jsonrpc":"2.0","id":1,"method":"good"}"#);
        for (bad, code) in [
            (framed("{"), "-32700 None"),
            (framed("[]"), "-32600 None"),
            (framed(r#"{"jsonrpc":"2.0","id":7}"#), "-32600 Some"),
            (framed(r#"{"id":{},"method":3}"#), "-32600 None"),
            (
                "Content-Length: 99999999999999999\r\n".into(),
                "-32700 None",
            ),
            ("Content-Length: -1\r\n".into(), "-32700 None"),
            ("hello\r\n".into(), "-32700 None"),
        ] {
            let told = told(format!("{bad}{good}").as_bytes());
            assert!(told[0].starts_with(code), "{bad}: {told:?}");
            assert_eq!(told.last().map(String::as_str), Some("good"), "{bad}");
        }
        assert!(told(b"Content-Length: 10\r\n\r\n{").is_empty());
    }
}
