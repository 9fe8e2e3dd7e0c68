//! `opsctl demo`: the main job on the embedded store and a shop in the sandbox, step by step,
//! with nothing else installed. Makes `var/demo/` anew each time; touches nothing else but a
//! missing `tenants/demo.toml`.

mod carriage;
mod pick_station;
mod stage;
mod steps;
mod stock_room;
mod story;

use std::time::Instant;

use serde::Serialize;

use super::{Globals, Out, Page, Report};
use crate::fault::Exit;

use stage::{Outside, Stage};

/// Arguments of `opsctl demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many SKUs the shop has
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(200..=100_000))]
    skus: u32,
    /// Afterwards open the pick station and the office in the browser, until Ctrl-C
    #[arg(long)]
    serve: bool,
}

/// What happened, as one document.
#[derive(Debug, Serialize)]
struct Summary {
    /// The steps, in order.
    steps: Vec<Step>,
    /// The proof at the end.
    proof: story::Proof,
    /// How long all of it took.
    seconds: f64,
    /// What to try next.
    next: Vec<String>,
}

/// One step of the story.
#[derive(Debug, Serialize)]
struct Step {
    title: String,
    /// What happened in it, in words.
    told: Vec<String>,
    seconds: f64,
}

/// Tells the story while it happens.
struct Teller<'a> {
    out: &'a mut Out,
    steps: Vec<Step>,
    since: Instant,
}

impl<'a> Teller<'a> {
    fn new(out: &'a mut Out) -> Self {
        Self {
            out,
            steps: Vec::new(),
            since: Instant::now(),
        }
    }

    /// Ends a step: what it was, and what happened in it.
    fn tell(&mut self, title: &str, told: Vec<String>) -> anyhow::Result<()> {
        let seconds = self.since.elapsed().as_secs_f64();
        if !self.out.is_json() {
            let number = self.steps.len() + 1;
            let mut text = format!("{number}. {title}  ({seconds:.1} s)\n");
            for line in &told {
                text.push_str(&format!("   {line}\n"));
            }
            text.push('\n');
            self.out.text(&text)?;
        }
        self.steps.push(Step {
            title: title.to_owned(),
            told,
            seconds,
        });
        self.since = Instant::now();
        Ok(())
    }
}

impl Report for Summary {
    // The steps have been told while they happened.
    fn render(&self, page: &mut Page) {
        page.line(format!("All of it in {:.1} s. Try next:\n", self.seconds));
        for line in &self.next {
            page.line(format!("  {line}"));
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A tenant of that name is not the demo's, a file cannot be written, or a step fails.
pub async fn run(args: &Args, globals: &Globals, out: &mut Out) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let outside = Outside {
        skus: args.skus as usize,
        // Where it stays open, other commands come to it where the tenant's file says.
        tls: !args.serve,
    };
    let stage = Stage::set(globals, out, outside).await?;
    let shown = show(args, &stage, out, started).await;
    let struck = stage.strike().await;
    let exit = shown?;
    struck?;
    Ok(exit)
}

/// Plays the story, tells how it ended, and opens the pages where that is wanted.
async fn show(args: &Args, stage: &Stage, out: &mut Out, started: Instant) -> anyhow::Result<Exit> {
    let mut teller = Teller::new(out);
    let proof = story::play(stage, &mut teller).await?;
    let summary = Summary {
        steps: teller.steps,
        next: next_steps(&proof),
        seconds: started.elapsed().as_secs_f64(),
        proof,
    };
    out.report(&summary)?;
    if !summary.proof.holds() {
        return Ok(Exit::Failed);
    }
    if args.serve {
        pick_station::open(stage, out).await?;
    }
    Ok(Exit::Done)
}

/// Commands that go on from here, as the reader would type them.
fn next_steps(proof: &story::Proof) -> Vec<String> {
    let opsctl = if std::env::var_os("CARGO").is_some() {
        "cargo run -q --"
    } else {
        "opsctl"
    };
    let order = &proof.explained_order;
    vec![
        format!("{opsctl} --tenant demo stock list"),
        format!("{opsctl} --tenant demo stock value"),
        format!("{opsctl} --tenant demo orders show {order}"),
        format!("{opsctl} --tenant demo cogs explain {order}"),
        format!("{opsctl} --tenant demo po list"),
        format!("{opsctl} --tenant demo pick queue"),
        format!("{opsctl} demo --serve"),
        format!("{opsctl} --tenant demo events"),
        format!("{opsctl} --tenant demo check"),
        String::new(),
        "and to sync with the same shop, open it again in another terminal:".to_owned(),
        String::new(),
        format!(
            "{opsctl} sandbox --load {shop} --save {shop} --listen {address}",
            shop = stage::SHOP,
            address = stage::ADDRESS
        ),
        format!("{opsctl} --tenant demo sync"),
    ]
}
