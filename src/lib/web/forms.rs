//! Forms that are sent twice are carried out once.
//!
//! Each form carries a hidden `once`: `<input type="hidden" name="once" value="{{ once() }}">`.
//! A handler asks [`first_time`] and, told that it was done before, redirects to where the
//! first answer led.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Html;
use tokio::sync::Mutex;

use super::error::WebError;
use crate::context::Context;
use crate::store::applied_refs;

/// Whether a form is carried out for the first time; then it is noted that it was. Two that
/// come at once: one is the first.
///
/// # Errors
/// `once` is not a UUID (400), or the store's.
pub async fn first_time(ctx: &Context, once: &str) -> Result<bool, WebError> {
    let once: uuid::Uuid = once.parse().map_err(|_| {
        WebError::bad("the form was not sent by this page").hint("open the page again")
    })?;
    let mut tx = ctx.store.begin().await?;
    let reference = format!("web:{once}");
    let noted = applied_refs::note(&mut tx, &ctx.stamp(), &reference, "web", "a form").await;
    match noted {
        Ok(()) => {
            ctx.store.commit(tx).await?;
            Ok(true)
        }
        Err(error) if error.is_duplicate() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// How long a page that is shown once is kept for a second click.
const KEPT: Duration = Duration::from_secs(120);

type Slot = Arc<Mutex<Option<Html<String>>>>;

/// Pages that are shown once, such as a new password: whoever clicks twice is answered twice
/// with the same page, and the form is carried out once.
#[derive(Clone)]
pub struct Answers(moka::sync::Cache<(i64, String), Slot>);

impl Default for Answers {
    /// None so far.
    fn default() -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(100);
        Self(builder.time_to_live(KEPT).build())
    }
}

impl Answers {
    /// The page that a form of this user led to, or what `work` makes of it. Of two at once
    /// the second waits for the first. What fails is not kept, nor is what makes no page.
    ///
    /// # Errors
    /// That of `work`.
    pub async fn once(
        &self,
        user: i64,
        once: &str,
        work: impl Future<Output = Result<Option<Html<String>>, WebError>>,
    ) -> Result<Option<Html<String>>, WebError> {
        let slot = self.0.get_with((user, once.to_owned()), Slot::default);
        let mut page = slot.lock().await;
        if page.is_none() {
            *page = work.await?;
        }
        Ok(page.clone())
    }
}

/// A path of our own to go on to: what `next` says, or else `/`. Nothing that a browser
/// could take for another host.
pub fn own_path(next: Option<&str>) -> &str {
    let own = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.len() <= 500
            && !path.contains(['\\', '\r', '\n', '\t'])
            && path.bytes().all(|b| (0x21..0x7f).contains(&b))
    };
    next.filter(own).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn only_own_paths_are_gone_on_to() {
        assert_eq!(own_path(Some("/orders?q=a&page=2")), "/orders?q=a&page=2");
        for foreign in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "",
            "/a\tb",
            "/\t/evil.example",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_path(Some(foreign)), "/", "{foreign}");
        }
        assert_eq!(own_path(None), "/");
    }
}
