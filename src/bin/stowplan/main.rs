//! Temporary.
mod bench;
use clap::{Parser, Subcommand};
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}
#[derive(Subcommand)]
enum Command {
    Bench(bench::Bench),
}
fn main() {
    let Command::Bench(bench) = Cli::parse().command;
    std::process::exit(bench.run().into());
}
