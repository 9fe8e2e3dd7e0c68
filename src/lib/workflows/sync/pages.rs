//! A list of the shop, page by page, several at once.

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::domain::time::UtcMs;
use crate::integrations::woocommerce::{Error, PAGE, Page};
use crate::progress::Progress;

/// How a list was read.
pub(super) struct Whole {
    /// The shop's clock when it answered the first page.
    pub server_time: Option<UtcMs>,
    /// Whether elements left the list while it was read, so that one may have slipped
    /// from a page not yet read to one that was.
    pub has_shrunk: bool,
}

impl Whole {
    /// Up to where the list has been read for certain, by the shop's clock.
    pub(super) fn read_up_to(&self) -> Option<UtcMs> {
        if self.has_shrunk {
            tracing::info!("the list got shorter while it was read; the next run reads it again");
            return None;
        }
        self.server_time
    }
}

/// Reads all pages of a list, up to `parallel` at once, and hands them over in order.
///
/// Pages are cut by place. Where the list changes its length meanwhile, elements move
/// across the cuts; it is then read once more, one page after the other: what joins the
/// list cannot hide an element from such a reading, only what leaves it can.
///
/// # Errors
/// A page cannot be had, or `take` fails.
pub(super) async fn each<T, F>(
    parallel: u32,
    progress: &Progress,
    fetch: impl Fn(u32) -> F,
    mut take: impl AsyncFnMut(Page<T>) -> anyhow::Result<()>,
) -> anyhow::Result<Whole>
where
    F: Future<Output = Result<Page<T>, Error>>,
{
    let first = fetch(1).await?;
    let (server_time, total) = (first.server_time, first.total);
    let pages = first.pages.unwrap_or(1);
    let (mut length, mut count) = (first.len(), first.len());
    progress.advance(length as u64);
    take(first).await?;
    let mut has_moved = false;
    let mut rest = stream::iter((2..=pages).map(&fetch)).buffered(parallel.max(1) as usize);
    while let Some(page) = rest.try_next().await? {
        has_moved |= page.total != total;
        length = page.len();
        count += length;
        progress.advance(length as u64);
        take(page).await?;
        if length == 0 {
            // The shop promised more pages than it has.
            break;
        }
    }
    drop(rest);
    let mut number = pages;
    while length == PAGE && total != Some(count as u64) {
        // It promised fewer than it has.
        number += 1;
        let page = fetch(number).await?;
        length = page.len();
        count += length;
        take(page).await?;
    }
    let mut has_shrunk = false;
    if has_moved {
        let mut before = None;
        for number in 1.. {
            let page = fetch(number).await?;
            has_shrunk |= before > page.total;
            before = page.total;
            let length = page.len();
            take(page).await?;
            if length < PAGE {
                break;
            }
        }
    }
    Ok(Whole {
        server_time,
        has_shrunk,
    })
}
