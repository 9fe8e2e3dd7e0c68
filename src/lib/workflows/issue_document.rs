//! Issuing a document: its bytes are kept, and what it was made from is held against what its
//! template version was made from before. A version never changes once it was used.

use anyhow::Context as _;

use crate::domain::slip::TemplateName;
use crate::fault::Fault;
use crate::store::documents::{self, New};
use crate::store::{Stamp, StoreError, Tx};

/// Keeps a document; gives its number. A document from outside has no template.
///
/// # Errors
/// The template version was used with another bundle (a conflict, where that happened at the
/// same moment: the work starts over), or the store's.
pub async fn issue(tx: &mut Tx, stamp: &Stamp, new: &New<'_>) -> anyhow::Result<i64> {
    if !new.template.is_empty() {
        match documents::bundle(tx, new.template).await? {
            Some(used) if used != new.bundle => return Err(changed(new.template).into()),
            Some(_) => {}
            None => documents::note_bundle(tx, stamp, new.template, new.bundle)
                .await
                .map_err(once_more)?,
        }
    }
    let kept = documents::insert(tx, stamp, new).await;
    kept.with_context(|| format!("keeping the document {:?}", new.title))
}

/// What to do about a version that is no longer what it was.
fn changed(template: &str) -> Fault {
    let fault = Fault::failed(format!(
        "the template version {template} was used before with another look: its template, \
         fonts or logo have changed since"
    ));
    let name = template.strip_prefix("packing_slip/");
    match name.and_then(TemplateName::parse) {
        Some(name) => fault.hint(format!(
            "put the logo back as it was, or set slip_template = \"{}\" under [shipping]",
            name.next_look()
        )),
        None => fault.hint("use a new version of the template"),
    }
}

/// A version that somebody else used for the first time meanwhile is read when the work
/// starts over.
fn once_more(error: StoreError) -> StoreError {
    if error.is_duplicate() {
        StoreError::Conflict(error.to_string())
    } else {
        error
    }
}
