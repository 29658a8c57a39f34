use std::process::ExitCode;

/// A report is made of many small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bowline::cli::run(std::env::args_os())
}
