//! An attempt to buy: what it is called in the outbox, how long it may take, when the carrier
//! is asked again, and what its failures are in words.

use crate::config::CarrierConfig;
use crate::context::Context;
use crate::domain::time::UtcMs;
use crate::fault::{Exit, Fault};
use crate::integrations::carrier::CarrierError;
use crate::store::Tx;
use crate::store::consignments::{self, Row};

/// Its kind in the outbox.
pub(super) const KIND: &str = "carrier.buy";

/// What makes it unique in the outbox.
pub(super) fn intent(reference: &str) -> String {
    format!("buy:{reference}")
}

/// When a call that was begun and never ended may be looked at by others: it has waited for
/// its turn, and for an answer, for longer than it ever does.
pub(super) fn call_ends(ctx: &Context, carrier: &str) -> UtcMs {
    let answer = match ctx.tenant.carriers.get(carrier) {
        Some(CarrierConfig::Ups(ups)) => i64::from(ups.timeout_seconds),
        Some(CarrierConfig::Manual(_)) | None => 0,
    };
    ctx.clock.now().plus_ms((answer + 180) * 1_000)
}

pub(super) fn subject(order: &str) -> String {
    format!("order:{order}")
}

/// The sending, which is there.
pub(super) async fn the(tx: &mut Tx, id: i64) -> anyhow::Result<Row> {
    let row = consignments::find(tx, id).await?;
    Ok(row.ok_or_else(|| {
        Fault::failed(format!("there is no consignment {id}"))
            .hint("`opsctl ship list` shows those there are")
    })?)
}

/// A carrier's failure as people are told it.
pub(super) fn fault(error: &CarrierError) -> Fault {
    let text = error.to_string();
    let fault = match error.exit() {
        Exit::TryAgain => Fault::try_again(text),
        Exit::Usage => Fault::usage(text),
        Exit::Done | Exit::Failed => Fault::failed(text),
    };
    match error.hint() {
        Some(hint) => fault.hint(hint),
        None => fault.hint("nothing was bought; mend what it says, and ship again"),
    }
}

/// When the carrier is asked again about a reference it does not know: two and fifteen minutes
/// after the attempt; after that, never.
pub(super) fn next_ask(asked_at: UtcMs, now: UtcMs) -> Option<UtcMs> {
    [2, 15]
        .into_iter()
        .map(|minutes| asked_at.plus_ms(minutes * 60_000))
        .find(|at| at.0 > now.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carrier_is_asked_after_two_and_after_fifteen_minutes() {
        let minute = |m: i64| UtcMs(m * 60_000);
        assert_eq!(next_ask(minute(0), minute(0)), Some(minute(2)));
        assert_eq!(next_ask(minute(0), minute(2)), Some(minute(15)));
        assert_eq!(next_ask(minute(0), minute(14)), Some(minute(15)));
        assert_eq!(next_ask(minute(0), minute(15)), None);
    }
}
