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
use bowline::project::{self, File, discover, organise};
use bowline::rules;
use bowline::source::Span;
use bowline::statement::{SplitOptions, split};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use crate::hostile::CASES;

#[derive(Clone, Copy)]
pub enum Threads {
    One = 1,
    Two = 2,
}

pub struct Sample {
    pub seconds: f64,
    /// Of all threads.
    pub cpu: f64,
    pub bytes: usize,
    pub findings: usize,
}

/// From paths to the report as JSON, in this process.
pub fn check(path: &Path, threads: Threads, runs: usize) -> Sample {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads as usize)
        .build()
        .expect("threads start");
    let mut best = pool.install(|| run(path));
    for _ in 1..runs {
        let sample = pool.install(|| run(path));
        best.seconds = best.seconds.min(sample.seconds);
        best.cpu = best.cpu.min(sample.cpu);
    }
    best
}

fn run(path: &Path) -> Sample {
    let start = Instant::now();
    let cpu = processor_time();
    let project = discover(&[path.to_path_buf()], &project::Options::default());
    let config = Config::default();
    let report = analysis::run(project, &config, None, &AtomicUsize::new(0));
    let infos: Vec<RuleInfo> = rules::ALL
        .iter()
        .map(|rule| RuleInfo::from(*rule))
        .collect();
    let mut out = Vec::new();
    Format::Json
        .write(&report, &infos, &output::Options::default(), &mut out)
        .expect("memory takes everything");
    let seconds = start.elapsed().as_secs_f64();
    let cpu = processor_time() - cpu;
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    Sample {
        seconds,
        cpu,
        bytes: report
            .sources
            .iter()
            .map(|source| source.text().len())
            .sum(),
        findings: report.findings.len(),
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

/// For a profiler: one run on one thread.
pub fn once(path: &Path) {
    let sample = check(path, Threads::One, 1);
    println!(
        "{:.3} s of processor time, {} findings",
        sample.cpu, sample.findings
    );
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

/// Tokenising and parsing the same text: a file at once where that succeeds,
/// otherwise statement by statement.
pub fn sqlparser(files: &[(String, String)], runs: usize) -> f64 {
    let dialect = PostgreSqlDialect {};
    let parses = |text: &str| Parser::parse_sql(&dialect, text).is_ok();
    let pieces: Vec<&str> = files
        .iter()
        .flat_map(|(_, text)| {
            if parses(text) {
                return vec![text.as_str()];
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

/// The most memory in kB that a process needs that does nothing else.
pub fn peak(path: &Path) -> usize {
    let this = std::env::current_exe().expect("this program has a path");
    let output = Command::new(this)
        .arg("--peak")
        .arg(path)
        .output()
        .expect("this program starts again");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .unwrap_or(0)
}

pub fn print_peak(path: &Path) {
    check(path, Threads::Two, 1);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or("0", |rest| rest.trim().trim_end_matches(" kB"));
    println!("{peak}");
}

/// How many times as long squawk takes on the same files, process for process;
/// `None` where it is not installed, or does not get through.
pub fn squawk(path: &Path) -> Option<f64> {
    let squawk = std::env::var_os("BOWLINE_SQUAWK").unwrap_or_else(|| "squawk".into());
    let mut files = Vec::new();
    files_below(path, &mut files);
    let theirs = seconds(&squawk, &["--reporter", "json"], &files)?;
    let bowline = env!("CARGO_BIN_EXE_bowline").as_ref();
    let ours = seconds(
        bowline,
        &["check", "--format", "json"],
        &[path.to_path_buf()],
    )?;
    Some(theirs / ours)
}

pub fn start_up(path: &Path) -> f64 {
    let bowline = env!("CARGO_BIN_EXE_bowline").as_ref();
    (0..20)
        .filter_map(|_| seconds(bowline, &["check"], &[path.to_path_buf()]))
        .fold(f64::MAX, f64::min)
}

fn seconds(program: &OsStr, arguments: &[&str], paths: &[PathBuf]) -> Option<f64> {
    (0..2)
        .map(|_| {
            let start = Instant::now();
            Command::new(program)
                .args(arguments)
                .args(paths)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .ok()?;
            Some(start.elapsed().as_secs_f64())
        })
        .min_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))?
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
