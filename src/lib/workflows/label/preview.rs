//! A document to be looked at: as it was issued, or a label as a picture.

use crate::context::Context;
use crate::documents::zpl;
use crate::fault::Fault;
use crate::store::documents;

/// In which form a document is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it was issued.
    AsIssued,
    /// A label as a picture.
    Picture,
}

/// A document in the form asked for.
#[derive(Debug, Clone)]
pub struct File {
    /// What people call the document.
    pub title: String,
    /// The media type of these bytes.
    pub media_type: String,
    /// `png`, `zpl`, `pdf` and so on.
    pub extension: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Whether there is a document of that number.
///
/// # Errors
/// The store's.
pub async fn is_there(ctx: &Context, document: i64) -> anyhow::Result<bool> {
    let mut tx = ctx.store.read().await?;
    Ok(documents::find(&mut tx, document).await?.is_some())
}

/// Reads a document, in the form asked for.
///
/// # Errors
/// There is no such document, it is not as it was issued, it has no picture, or the store's.
pub async fn preview(ctx: &Context, document: i64, form: Form) -> anyhow::Result<File> {
    let mut tx = ctx.store.read().await?;
    let row = documents::find(&mut tx, document).await?;
    let bytes = documents::bytes(&mut tx, document).await?;
    drop(tx);
    let (Some(row), Some(bytes)) = (row, bytes) else {
        return Err(Fault::failed(format!("there is no document {document}"))
            .hint("`opsctl label list` shows what was printed")
            .into());
    };
    if form == Form::AsIssued {
        return Ok(File {
            title: row.title,
            extension: extension(&row.media_type),
            media_type: row.media_type,
            bytes,
        });
    }
    if row.media_type != zpl::MEDIA_TYPE {
        let text = format!("document {document} is no label, but {}", row.media_type);
        return Err(Fault::failed(text)
            .hint("only labels are shown as pictures")
            .into());
    }
    // Whatever a carrier's label holds, drawing it takes nothing else down.
    let drawn = tokio::task::spawn_blocking(move || picture(&bytes)).await;
    let bytes = drawn
        .unwrap_or_else(|error| Err(error.to_string()))
        .map_err(|why| Fault::failed(format!("the label cannot be drawn: {why}")))?;
    Ok(File {
        title: row.title,
        media_type: "image/png".to_owned(),
        extension: "png",
        bytes,
    })
}

#[cfg(feature = "preview")]
fn picture(bytes: &[u8]) -> Result<Vec<u8>, String> {
    zpl::preview::png(bytes)
}

#[cfg(not(feature = "preview"))]
fn picture(_: &[u8]) -> Result<Vec<u8>, String> {
    Err("this opsctl was built without pictures of labels".to_owned())
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        zpl::MEDIA_TYPE => "zpl",
        "application/pdf" => "pdf",
        "image/png" => "png",
        "image/gif" => "gif",
        _ => "bin",
    }
}
