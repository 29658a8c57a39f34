use std::process::ExitCode;

fn main() -> ExitCode {
    bowline::cli::run(std::env::args_os())
}
