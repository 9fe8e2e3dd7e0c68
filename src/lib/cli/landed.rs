//! `opsctl landed add`: a charge without an invoice file, spread over the lots it was paid
//! for. Applied once: by default its document and kind are its reference.

use clap::ValueEnum;

use super::{DryRun, Out, Page, RateArgs, Report};
use crate::context::Context;
use crate::domain::cost::Component;
use crate::domain::landed::Basis;
use crate::domain::money::Currency;
use crate::fault::Exit;
use crate::workflows::landed::{self, Added, Charge, Spread};

/// Arguments of `opsctl landed`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Add a charge to the lots it was paid for
    Add(AddArgs),
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// The paper it stands on, such as the bill's number
    #[arg(long)]
    document: String,
    /// What it was paid for
    #[arg(long, value_enum)]
    kind: Kind,
    /// The amount; negative for a credit
    #[arg(long, allow_hyphen_values = true)]
    amount: String,
    /// Its currency, where it is not the tenant's
    #[arg(long, value_name = "CUR")]
    currency: Option<Currency>,
    #[command(flatten)]
    rates: RateArgs,
    /// A purchase order, a receipt's reference, or lot:SKU:LOT; may be repeated
    #[arg(long, required = true, num_args = 1.., value_name = "NAME")]
    applies_to: Vec<String>,
    /// By what it is spread
    #[arg(long, value_enum, default_value = "value")]
    spread: By,
    /// Its day, YYYY-MM-DD; today where nothing is said
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// A reference that is applied only once, instead of document and kind
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    #[command(flatten)]
    dry: DryRun,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Freight,
    Duty,
    Other,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Value,
    Quantity,
    Weight,
}

impl Report for Added {
    fn render(&self, page: &mut Page) {
        if let Some(before) = &self.applied_before {
            page.already_applied(before);
            return;
        }
        if self.dry_run {
            page.line("Dry run: this is what a run would do.");
        }
        if let Some(charge) = &self.charge {
            spread_table(page, charge);
        }
    }
}

/// How a charge was spread, for a person.
pub(super) fn spread_table(page: &mut Page, charge: &Spread) {
    let own = |minor| charge.currency.decimal(minor);
    let foreign = charge.paid_currency != charge.currency;
    let paid = if foreign {
        let paid = charge.paid_currency.decimal(charge.paid_minor);
        format!(" ({paid} {})", charge.paid_currency)
    } else {
        String::new()
    };
    page.line(format!(
        "{}: {} {}{paid}, spread by {}",
        charge.kind,
        own(charge.amount_minor),
        charge.currency,
        charge.basis
    ));
    page.table(
        &["lot", "sku", "units#", "share#", "on hand#", "out#"],
        charge.lots.iter().map(|share| {
            vec![
                share.lot.clone(),
                share.sku.clone(),
                share.units.to_string(),
                own(share.amount_minor),
                own(share.on_hand_minor),
                own(share.out_minor),
            ]
        }),
    );
    let out: i64 = charge.lots.iter().map(|share| share.out_minor).sum();
    if out != 0 {
        page.line(format!(
            "{} {} is the share of units that had left, booked as an adjustment.",
            own(out),
            charge.currency
        ));
    }
}

/// Runs the command.
///
/// # Errors
/// The workflow's.
pub async fn run(args: &Args, ctx: &Context, out: &mut Out) -> anyhow::Result<Exit> {
    let Command::Add(args) = &args.command;
    let charge = Charge {
        document: args.document.clone(),
        kind: match args.kind {
            Kind::Freight => Component::Freight,
            Kind::Duty => Component::Duty,
            Kind::Other => Component::Other,
        },
        amount: args.amount.clone(),
        currency: args.currency,
        rates: args.rates.read()?,
        applies_to: args.applies_to.clone(),
        basis: match args.spread {
            By::Value => Basis::Value,
            By::Quantity => Basis::Quantity,
            By::Weight => Basis::Weight,
        },
        on: args.on.clone(),
        reference: args.reference.clone(),
        dry_run: args.dry.dry_run,
    };
    out.report(&landed::add(ctx, &charge).await?)?;
    Ok(Exit::Done)
}
