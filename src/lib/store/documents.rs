//! Documents as they were issued, byte for byte, and the template bundles they were made from.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};

/// A document to be kept.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// `label`, `paper`, `packing_slip`, `product_label` and so on.
    pub kind: &'a str,
    /// What people call it: `label 1 of 3`.
    pub title: &'a str,
    /// `application/pdf`, `application/zpl`.
    pub media_type: &'a str,
    /// The sending it belongs to.
    pub consignment: Option<i64>,
    /// The piece it belongs to.
    pub parcel: Option<i64>,
    /// The template and its version, such as `packing_slip/letter-1`; empty where it came
    /// from outside.
    pub template: &'a str,
    /// The SHA-256 of the template's bundle, in hex; empty likewise.
    pub bundle: &'a str,
    /// The document.
    pub bytes: &'a [u8],
}

/// A document without its bytes.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// Its media type.
    pub media_type: String,
    /// The sending it belongs to.
    pub consignment_id: Option<i64>,
    /// The piece it belongs to.
    pub parcel_id: Option<i64>,
    /// The template and its version.
    pub template: String,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// When it was issued, in UTC milliseconds.
    pub created_at: i64,
}

const ROW: &str = "SELECT id, kind, title, media_type, consignment_id, parcel_id, template, \
    sha256, created_at FROM documents";

/// The SHA-256 of bytes, in hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps a document; gives its number.
///
/// # Errors
/// The store's.
pub async fn insert(tx: &mut Tx, stamp: &Stamp, new: &New<'_>) -> Result<i64, StoreError> {
    tx.insert(
        "INSERT INTO documents (kind, title, media_type, consignment_id, parcel_id, template, \
           bundle, sha256, bytes, created_at, actor, run) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vals![
            new.kind,
            new.title,
            new.media_type,
            new.consignment,
            new.parcel,
            new.template,
            new.bundle,
            sha256(new.bytes),
            new.bytes,
            stamp.at,
            &stamp.actor,
            &stamp.run
        ],
    )
    .await
}

/// A document's description.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Row>, StoreError> {
    tx.opt(&format!("{ROW} WHERE id = ?"), vals![id]).await
}

/// The documents of a sending, in the order they were issued.
///
/// # Errors
/// The store's.
pub async fn of_consignment(tx: &mut Tx, consignment: i64) -> Result<Vec<Row>, StoreError> {
    tx.all(
        &format!("{ROW} WHERE consignment_id = ? ORDER BY id"),
        vals![consignment],
    )
    .await
}

/// A document's bytes, as they were issued.
///
/// # Errors
/// They have changed since, or the store's.
pub async fn bytes(tx: &mut Tx, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let found: Option<(Vec<u8>, String)> = tx
        .opt(
            "SELECT bytes, sha256 FROM documents WHERE id = ?",
            vals![id],
        )
        .await?;
    match found {
        Some((bytes, hash)) if sha256(&bytes) != hash => Err(StoreError::Database(format!(
            "document {id} is not as it was issued"
        ))),
        found => Ok(found.map(|(bytes, _)| bytes)),
    }
}

/// The bundle that a template version was first used with.
///
/// # Errors
/// The store's.
pub async fn bundle(tx: &mut Tx, template: &str) -> Result<Option<String>, StoreError> {
    let found: Option<(String,)> = tx
        .opt(
            "SELECT bundle FROM template_bundles WHERE template = ?",
            vals![template],
        )
        .await?;
    Ok(found.map(|(bundle,)| bundle))
}

/// Notes the first use of a template version.
///
/// # Errors
/// It was used before ([`StoreError::is_duplicate`]), or the store's.
pub async fn note_bundle(
    tx: &mut Tx,
    stamp: &Stamp,
    template: &str,
    bundle: &str,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO template_bundles (template, bundle, first_used_at, run) VALUES (?, ?, ?, ?)",
        vals![template, bundle, stamp.at, &stamp.run],
    )
    .await?;
    Ok(())
}
