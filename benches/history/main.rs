//! How fast the program is from start to end, against bare `sqlparser` on the
//! same text in memory, and against itself on more threads and more text.

mod generate;
mod hostile;
mod measure;

use std::path::{Path, PathBuf};

use measure::{Sample, Threads};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--run", program, arguments @ ..] => measure::print_run(program, arguments),
        ["--parse", path, ..] => measure::print_sqlparser(Path::new(path)),
        ["--hostile", name, number, ..] => measure::hostile(name, number.parse().unwrap_or(1)),
        ["--write", dir, ..] => write_all(Path::new(dir)),
        // `cargo test --all-targets` starts benches too, to see whether they start.
        words if !words.contains(&"--bench") => {}
        ["hostile", ..] => growth(""),
        [word, ..] if word.starts_with("hostile/") => growth(&word["hostile/".len()..]),
        words => table(words.iter().find(|word| !word.starts_with("--")).copied()),
    }
}

fn write_all(dir: &Path) {
    for (name, files) in inputs() {
        write(&dir.join(name), &files);
    }
}

fn write(dir: &Path, files: &[generate::File]) {
    for (path, text) in files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder is made");
        std::fs::write(path, text).expect("a file is written");
    }
}

fn one(name: &str, text: String) -> Vec<generate::File> {
    vec![(name.to_string(), text)]
}

/// Every input, each with one of twice the size where its cost must grow no
/// faster than that.
fn inputs() -> Vec<(&'static str, Vec<generate::File>)> {
    const MB: usize = 1_000_000;
    vec![
        ("history-1000", generate::history(1_000)),
        ("history-10000", generate::history(10_000)),
        ("dump-10", one("001_dump.sql", generate::dump(10 * MB))),
        ("dump-20", one("001_dump.sql", generate::dump(20 * MB))),
        ("rows-20", one("001_rows.sql", generate::inserts(20 * MB))),
        ("rows-100", one("001_rows.sql", generate::inserts(100 * MB))),
        (
            "altered-5000",
            one("001_ledger.sql", generate::altered(5_000)),
        ),
        (
            "altered-10000",
            one("001_ledger.sql", generate::altered(10_000)),
        ),
        ("altered-files-5000", generate::altered_by_files(5_000)),
        ("altered-files-10000", generate::altered_by_files(10_000)),
        ("widened-1000", generate::widened(1_000)),
        ("widened-2000", generate::widened(2_000)),
        (
            "hazards-5000",
            one("001_hazards.sql", generate::hazards(5_000)),
        ),
        (
            "hazards-10000",
            one("001_hazards.sql", generate::hazards(10_000)),
        ),
        ("small", one("001_small.sql", generate::altered(5))),
    ]
}

/// Measures everything, or what `only` names, and prints a table.
fn table(only: Option<&str>) {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("history");
    let _ = std::fs::remove_dir_all(&dir);
    println!(
        "| input | files | MB | MB/s | ÷ sqlparser | 2 threads | half the size | peak MB | squawk ÷ bowline |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    let mut half: Option<(&str, f64, Sample)> = None;
    for (name, files) in inputs() {
        if only.is_some_and(|only| !name.starts_with(only)) {
            continue;
        }
        let path = dir.join(name);
        write(&path, &files);
        let texts = files.iter().map(|(_, text)| text.as_str());
        let megabytes = texts.clone().map(str::len).sum::<usize>() as f64 / 1e6;
        let sample = measure::check(&path, Threads::One, 5);
        let two = measure::check(&path, Threads::Two, 5);
        let parsed = measure::sqlparser(texts, 3);
        let of_half = half
            .as_ref()
            .filter(|(other, before, _)| kind(other) == kind(name) && megabytes < 3.0 * before)
            .map_or("".into(), |(_, _, before)| {
                format!("×{:.2}", sample.cpu / before.cpu)
            });
        let squawk = measure::squawk(&path).map_or("".into(), |ratio| format!("{ratio:.1}"));
        println!(
            "| {name} | {} | {megabytes:.1} | {:.1} | {:.2} | ×{:.2} | {of_half} | {} | {squawk} |",
            files.len(),
            megabytes / sample.cpu,
            sample.cpu / parsed,
            sample.seconds / two.seconds,
            two.peak / 1_000_000,
        );
        half = Some((name, megabytes, sample));
    }
    let path = dir.join("small");
    if path.exists() {
        println!(
            "\nStart to end on one small file: {:.1} ms",
            measure::start_up(&path) * 1e3
        );
    }
}

/// The name of an input without its size.
fn kind(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Text that grows to twice and four times its size must not take more than
/// about twice and four times as long.
fn growth(only: &str) {
    println!("| case | kB | ms | twice the text | four times |");
    println!("|---|---:|---:|---:|---:|");
    for case in hostile::CASES
        .iter()
        .filter(|case| case.name.contains(only))
    {
        let sample = (case.text)(64).len();
        let bytes = if cfg!(debug_assertions) {
            60_000
        } else {
            400_000
        };
        let number = (bytes * 64 / sample).max(100);
        let time = |times: usize| measure::in_child(case.name, number * times);
        let once = time(1);
        let ratio = |seconds: Option<f64>| match (once, seconds) {
            (Some(once), Some(seconds)) => format!("×{:.1}", seconds / once),
            _ => "no end".into(),
        };
        let (twice, fourfold) = match once {
            Some(seconds) if seconds < 10.0 => (time(2), time(4)),
            _ => (None, None),
        };
        println!(
            "| {} | {} | {:.0} | {} | {} |",
            case.name,
            (case.text)(number).len() / 1000,
            once.unwrap_or(f64::NAN) * 1e3,
            ratio(twice),
            ratio(fourfold)
        );
    }
}
