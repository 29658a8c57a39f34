//! A line on standard error while a long run goes on and a person is watching.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);

/// How far a run is.
#[derive(Debug, Default)]
pub struct Progress {
    /// Files that are done.
    pub done: AtomicUsize,
    /// Files in all; 0 as long as they are being looked for.
    pub total: AtomicUsize,
}

impl Progress {
    /// Does the work, and shows how far it is once it takes longer than a
    /// second.
    pub fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        if !io::stderr().is_terminal() {
            return work();
        }
        let (working, ended) = channel();
        thread::scope(|scope| {
            scope.spawn(move || self.show(&ended));
            let result = work();
            drop(working);
            result
        })
    }

    fn show(&self, ended: &Receiver<()>) {
        let still_working =
            |pause| matches!(ended.recv_timeout(pause), Err(RecvTimeoutError::Timeout));
        if !still_working(PATIENCE) {
            return;
        }
        loop {
            say(&format!("\r{}", self.line()));
            if !still_working(PAUSE) {
                return say("\r\x1b[K");
            }
        }
    }

    fn line(&self) -> String {
        match self.total.load(Ordering::Relaxed) {
            0 => "looking for migrations".into(),
            total => {
                let done = self.done.load(Ordering::Relaxed).min(total);
                format!("checking: {done} of {total} files")
            }
        }
    }
}

/// A progress line that cannot be written is no loss.
fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}
