//! Which order a person means by `woo:1042`, or by `1042` alone.

use crate::context::Context;
use crate::fault::Fault;
use crate::store::orders::{self, Summary};

/// The one order that a person means.
///
/// # Errors
/// None has that number, or several channels have.
pub async fn the_one(ctx: &Context, reference: &str) -> anyhow::Result<Summary> {
    let mut tx = ctx.store.read().await?;
    exactly_one(orders::find(&mut tx, reference).await?, reference)
}

/// The one order among those that a reference may mean.
///
/// # Errors
/// None has that number, or several channels have.
pub(super) fn exactly_one(mut found: Vec<Summary>, reference: &str) -> anyhow::Result<Summary> {
    match (found.pop(), found.is_empty()) {
        (Some(order), true) => Ok(order),
        (Some(last), false) => {
            let mut all: Vec<String> = found.into_iter().map(|o| o.order_ref).collect();
            all.push(last.order_ref);
            Err(
                Fault::usage(format!("several orders have the number {reference}"))
                    .hint(format!("say which: {}", all.join(", ")))
                    .into(),
            )
        }
        (None, _) => Err(Fault::failed(format!("there is no order {reference}"))
            .hint("`opsctl orders list` shows those there are")
            .into()),
    }
}
