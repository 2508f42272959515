//! The program.

fn main() -> std::process::ExitCode {
    tagway::cli::main()
}
