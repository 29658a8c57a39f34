//! Times and memory. Of several runs the fastest counts: what else the machine
//! does only ever adds.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use bowline::analysis;
use bowline::config::Config;
use bowline::output::{self, Format, RuleInfo};
use bowline::project::{self, File, organise};
use bowline::rules;
use bowline::source::Span;
use bowline::statement::{SplitOptions, split};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use wait4::Wait4;

use crate::hostile::CASES;

#[derive(Clone, Copy)]
pub enum Threads {
    One = 1,
    Two = 2,
}

/// What a run of the program took.
pub struct Sample {
    pub seconds: f64,
    /// Of all threads, the kernel's work for them included.
    pub cpu: f64,
    /// The most memory, in bytes.
    pub peak: u64,
}

/// The program as it is installed, from its start to the report as JSON.
pub fn check(path: &Path, threads: Threads, runs: usize) -> Sample {
    let threads = (threads as usize).to_string();
    let arguments = ["check", "--format", "json", "--threads", &threads];
    let bowline = env!("CARGO_BIN_EXE_bowline").as_ref();
    best(runs, bowline, &arguments, &[path.to_path_buf()]).expect("the program starts")
}

/// The fastest of several runs; `None` where the program does not start.
fn best(runs: usize, program: &OsStr, arguments: &[&str], paths: &[PathBuf]) -> Option<Sample> {
    let samples: Option<Vec<Sample>> = (0..runs).map(|_| run(program, arguments, paths)).collect();
    samples?.into_iter().reduce(|best, other| Sample {
        seconds: best.seconds.min(other.seconds),
        cpu: best.cpu.min(other.cpu),
        peak: best.peak.max(other.peak),
    })
}

/// Starts the program from a small process: the kernel counts what a parent
/// holds as its child's until that becomes the program.
fn run(program: &OsStr, arguments: &[&str], paths: &[PathBuf]) -> Option<Sample> {
    let this = std::env::current_exe().ok()?;
    let output = Command::new(this)
        .arg("--run")
        .arg(program)
        .args(arguments)
        .args(paths)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace();
    Some(Sample {
        seconds: numbers.next()?.parse().ok()?,
        cpu: numbers.next()?.parse().ok()?,
        peak: numbers.next()?.parse().ok()?,
    })
}

/// Runs a program and prints what it took; nothing where it does not start.
pub fn print_run(program: &str, arguments: &[&str]) {
    let start = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Ok(used) = child.and_then(|mut child| child.wait4()) {
        let seconds = start.elapsed().as_secs_f64();
        let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
        println!("{seconds} {cpu} {}", used.rusage.maxrss);
    }
}

/// Seconds that the threads of this process have had a processor: what else the
/// machine does does not show in it.
fn processor_time() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    tasks
        .flatten()
        .filter_map(|task| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<f64>().ok()
        })
        .sum::<f64>()
        / 1e9
}

/// Checks a hostile text, writes it in every form and prints the time.
pub fn hostile(name: &str, number: usize) {
    let case = CASES.iter().find(|case| case.name == name);
    let text = (case.expect("a case of this name").text)(number);
    let files = vec![
        File::new(
            "migrations/0001_users.sql",
            "CREATE TABLE users (id bigint PRIMARY KEY, email text, a int);\n",
        ),
        File::new("migrations/0002_case.sql", text),
    ];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let seconds = pool.expect("a thread starts").install(|| {
        let start = processor_time();
        let project = organise(files, &project::Options::default());
        let report = analysis::run(project, &Config::default(), None, &AtomicUsize::new(0));
        let infos: Vec<RuleInfo> = rules::ALL
            .iter()
            .map(|rule| RuleInfo::from(*rule))
            .collect();
        for format in [Format::Human, Format::Json, Format::Sarif] {
            format
                .write(
                    &report,
                    &infos,
                    &output::Options::default(),
                    &mut std::io::sink(),
                )
                .expect("a sink takes everything");
        }
        processor_time() - start
    });
    println!("{seconds}");
}

/// How long a hostile text takes in a process of its own; `None` where that
/// dies or does not come to an end.
pub fn in_child(name: &str, number: usize) -> Option<f64> {
    let this = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(this)
        .args(["--hostile", name, &number.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program starts again");
    for _ in 0..2_000 {
        if child.try_wait().expect("a child can be asked").is_some() {
            let output = child.wait_with_output().ok()?;
            return String::from_utf8_lossy(&output.stdout).trim().parse().ok();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// Seconds that tokenising and parsing texts takes, with the allocator that
/// programs have by themselves: a text at once where that succeeds, otherwise
/// statement by statement.
pub fn sqlparser<'a>(texts: impl Iterator<Item = &'a str>, runs: usize) -> f64 {
    let dialect = PostgreSqlDialect {};
    let parses = |text: &str| Parser::parse_sql(&dialect, text).is_ok();
    let pieces: Vec<&str> = texts
        .flat_map(|text| {
            if parses(text) {
                return vec![text];
            }
            let whole = Span::new(0, text.len() as u32);
            let statements = split(text, whole, SplitOptions::default()).statements;
            statements.iter().map(|s| s.span.of(text)).collect()
        })
        .collect();
    let time = || {
        let start = processor_time();
        for piece in &pieces {
            std::hint::black_box(parses(piece));
        }
        processor_time() - start
    };
    (0..runs).map(|_| time()).fold(f64::MAX, f64::min)
}

/// For a look at one input: what `sqlparser` alone takes.
pub fn print_sqlparser(path: &Path) {
    let mut paths = Vec::new();
    files_below(path, &mut paths);
    let texts: Vec<String> = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("a file is read"))
        .collect();
    println!("{:.3} s", sqlparser(texts.iter().map(String::as_str), 5));
}

/// How many times as long squawk takes on the same files, process for process;
/// `None` where it is not installed, or does not get through.
pub fn squawk(path: &Path) -> Option<f64> {
    let squawk = std::env::var_os("BOWLINE_SQUAWK").unwrap_or_else(|| "squawk".into());
    let mut files = Vec::new();
    files_below(path, &mut files);
    let theirs = best(3, &squawk, &["--reporter", "json"], &files)?;
    let bowline = env!("CARGO_BIN_EXE_bowline").as_ref();
    let arguments = ["check", "--format", "json"];
    let ours = best(3, bowline, &arguments, &[path.to_path_buf()])?;
    Some(theirs.seconds / ours.seconds)
}

pub fn start_up(path: &Path) -> f64 {
    let bowline = env!("CARGO_BIN_EXE_bowline").as_ref();
    let sample = best(20, bowline, &["check"], &[path.to_path_buf()]);
    sample.map_or(f64::NAN, |sample| sample.seconds)
}

fn files_below(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.path().is_dir() {
            files_below(&entry.path(), files);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
}
