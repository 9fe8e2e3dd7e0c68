//! The one binary. Everything it does is in the library, so that tests reach it too.

fn main() -> std::process::ExitCode {
    opsctl::cli::main()
}
