//! The language server: what `check` says, while the text is being written.
//!
//! One loop takes messages in their order. Documents that changed are judged
//! once no further message waits, each within the history that lies around it
//! on disk; what lies there is read once, and again when it was saved or the
//! editor says that it changed.

mod action;
mod diagnostic;
mod documents;
mod histories;
mod hover;
mod page;
mod place;
mod server;
mod settings;
mod wire;

use std::io::{self, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use server::{Next, Server};
use wire::Incoming;

/// Serves the editor at the other end of standard input and output.
///
/// Returns whether it ended as the protocol wants it: `shutdown`, then `exit`.
///
/// # Errors
/// What writing to standard output answers.
pub fn run() -> io::Result<bool> {
    let messages = listen();
    let mut server = Server::new(io::stdout().lock());
    while let Ok(message) = messages.recv() {
        if let Next::Exit = server.handle(message)? {
            break;
        }
        let mut waiting = messages.try_recv();
        while let Ok(message) = waiting {
            if let Next::Exit = server.handle(message)? {
                return Ok(server.was_shut_down());
            }
            waiting = messages.try_recv();
        }
        server.publish()?;
    }
    Ok(server.was_shut_down())
}

/// Reads standard input on a thread of its own, so that the loop sees whether
/// more is to come.
fn listen() -> Receiver<Incoming> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut input = BufReader::new(io::stdin());
        while let Some(message) = wire::read(&mut input) {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}
