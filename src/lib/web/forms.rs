//! Forms that are sent twice are carried out once.
//!
//! Each form carries a hidden `once`: `<input type="hidden" name="once" value="{{ once() }}">`.
//! A handler asks [`first_time`] and, told that it was done before, redirects to where the
//! first answer led.

use crate::context::Context;
use crate::store::applied_refs;

use super::error::WebError;

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
