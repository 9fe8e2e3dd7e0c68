//! Documents on their way to paper: what is to be printed where, and how far it is.

use serde::Serialize;

use super::dialect::{Tx, vals};
use super::{Stamp, StoreError};
use crate::domain::time::UtcMs;

/// A job to be planned.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The document.
    pub document: i64,
    /// Where it comes out.
    pub station: &'a str,
    /// The queue of that station's printer.
    pub printer: &'a str,
    /// What makes the job unique.
    pub reference: &'a str,
}

/// A job as stored, with what it prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Row {
    /// Its number.
    pub id: i64,
    /// The document's number.
    pub document_id: i64,
    /// What the document is: `label`, `packing_slip` and so on.
    pub kind: String,
    /// What people call it.
    pub title: String,
    /// Its media type.
    pub media_type: String,
    /// Where it comes out.
    pub station: String,
    /// The queue.
    pub printer: String,
    /// What makes the job unique.
    pub reference: String,
    /// `planned`, `sending`, `sent`, `unknown`, `printed`, `failed` or `dropped`.
    pub state: String,
    /// The print server's number of it.
    pub job: Option<i64>,
    /// What is known of it, in words.
    pub said: String,
    /// When it is looked at next; of one that is being sent: until when.
    pub next_at: i64,
    /// When it was planned.
    pub created_at: i64,
    /// Since when it is in this state.
    pub updated_at: i64,
    /// Who asked for it.
    pub actor: String,
    /// In which run it was planned.
    #[serde(skip)]
    pub run: String,
}

impl Row {
    /// Whether it may still come to paper by itself, or waits for a person.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.state.as_str(), "printed" | "failed" | "dropped")
    }

    /// Its name at the print server. The run that planned it is in it, so that a store that
    /// was set back to an older copy never takes another job for its own.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.reference, self.run)
    }
}

/// What a job becomes.
#[derive(Debug, Clone)]
pub struct To<'a> {
    /// The state.
    pub state: &'a str,
    /// The print server's number of it; none leaves the one that is known.
    pub job: Option<i64>,
    /// What is known of it, in words.
    pub said: &'a str,
    /// When it is looked at next.
    pub next_at: UtcMs,
}

const ROW: &str = "SELECT j.id, j.document_id, d.kind, d.title, d.media_type, j.station, \
    j.printer, j.reference, j.state, j.job, j.said, j.next_at, j.created_at, j.updated_at, \
    j.actor, j.run FROM print_jobs j JOIN documents d ON d.id = j.document_id";

/// States in which a job is looked at by itself.
const OPEN: &str = "j.state IN ('planned', 'sending', 'sent', 'unknown')";

/// Plans a job; the same reference a second time changes nothing. Gives its number.
///
/// # Errors
/// A conflict, where somebody plans the same at this moment; or the store's.
pub async fn plan(tx: &mut Tx, stamp: &Stamp, new: &New<'_>) -> Result<i64, StoreError> {
    let planned = tx
        .run(
            "INSERT INTO print_jobs (document_id, station, printer, reference, state, said, \
           next_at, created_at, updated_at, actor, run) \
         SELECT ?, ?, ?, ?, 'planned', '', ?, ?, ?, ?, ? FROM instance \
         WHERE NOT EXISTS (SELECT 1 FROM print_jobs p WHERE p.reference = ?)",
            vals![
                new.document,
                new.station,
                new.printer,
                new.reference,
                stamp.at,
                stamp.at,
                stamp.at,
                &stamp.actor,
                &stamp.run,
                new.reference
            ],
        )
        .await;
    if let Err(error) = planned {
        return Err(if error.is_duplicate() {
            StoreError::Conflict(error.to_string())
        } else {
            error
        });
    }
    let found: Option<(i64,)> = tx
        .opt(
            "SELECT id FROM print_jobs WHERE reference = ?",
            vals![new.reference],
        )
        .await?;
    // Planned by another since this transaction's picture was taken.
    let unseen = || StoreError::Conflict(format!("{} was planned meanwhile", new.reference));
    found.map(|(id,)| id).ok_or_else(unseen)
}

/// One job.
///
/// # Errors
/// The store's.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Row>, StoreError> {
    tx.opt(&format!("{ROW} WHERE j.id = ?"), vals![id]).await
}

/// The jobs of a document, oldest first.
///
/// # Errors
/// The store's.
pub async fn of_document(tx: &mut Tx, document: i64) -> Result<Vec<Row>, StoreError> {
    let sql = format!("{ROW} WHERE j.document_id = ? ORDER BY j.id");
    tx.all(&sql, vals![document]).await
}

/// The open jobs whose time has come, oldest first.
///
/// # Errors
/// The store's.
pub async fn due(tx: &mut Tx, now: UtcMs) -> Result<Vec<Row>, StoreError> {
    let sql = format!("{ROW} WHERE {OPEN} AND j.next_at <= ? ORDER BY j.id");
    tx.all(&sql, vals![now]).await
}

/// Jobs, newest first; only those open, where asked.
///
/// # Errors
/// The store's.
pub async fn list(tx: &mut Tx, open: bool, limit: i64) -> Result<Vec<Row>, StoreError> {
    let only = if open { OPEN } else { "1 = 1" };
    let sql = format!("{ROW} WHERE {only} ORDER BY j.id DESC LIMIT ?");
    tx.all(&sql, vals![limit]).await
}

/// The jobs planned since a point in time, and those open from before, newest first.
///
/// # Errors
/// The store's.
pub async fn since(tx: &mut Tx, from: UtcMs, limit: i64) -> Result<Vec<Row>, StoreError> {
    let sql = format!("{ROW} WHERE j.created_at >= ? OR {OPEN} ORDER BY j.id DESC LIMIT ?");
    tx.all(&sql, vals![from, limit]).await
}

/// Brings a job from the state it was seen in to another; gives whether it still was in it.
///
/// # Errors
/// The store's.
pub async fn shift(tx: &mut Tx, row: &Row, now: UtcMs, to: &To<'_>) -> Result<bool, StoreError> {
    let since = if row.state == to.state {
        row.updated_at
    } else {
        now.0
    };
    let changed = tx
        .run(
            "UPDATE print_jobs SET state = ?, job = ?, said = ?, next_at = ?, updated_at = ? \
             WHERE id = ? AND state = ? AND next_at = ? AND updated_at = ?",
            vals![
                to.state,
                to.job.or(row.job),
                to.said,
                to.next_at,
                since,
                row.id,
                &row.state,
                row.next_at,
                row.updated_at
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Lets a job that is planned come out elsewhere.
///
/// # Errors
/// The store's.
pub async fn send_to(
    tx: &mut Tx,
    job: i64,
    (station, printer): (&str, &str),
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE print_jobs SET station = ?, printer = ? WHERE id = ? AND state = 'planned'",
        vals![station, printer, job],
    )
    .await?;
    Ok(())
}

/// What is to be printed of a sending.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Sending {
    /// The number of the consignment.
    pub id: i64,
    /// `woo:1042`.
    pub order_ref: String,
    /// Our reference of it.
    pub reference: String,
    /// How it stands with the carrier.
    pub state: String,
}

/// The sendings that a person may mean: by their number, by our reference, or those of an order
/// (`woo:1042`) that stand.
///
/// # Errors
/// The store's.
pub async fn sendings(tx: &mut Tx, wanted: &str) -> Result<Vec<Sending>, StoreError> {
    let number = wanted.parse::<i64>().ok();
    tx.all(
        "SELECT c.id, CONCAT(a.name, ':', o.number) AS order_ref, c.reference, c.state \
         FROM consignments c JOIN orders o ON o.id = c.order_id \
           JOIN channel_accounts a ON a.id = o.account_id \
         WHERE c.reference = ? OR c.id = ? \
           OR (CONCAT(a.name, ':', o.number) = ? AND c.state NOT IN ('voided', 'not_bought')) \
         ORDER BY c.id",
        vals![wanted, number, wanted],
    )
    .await
}

/// The papers of a sending that are void: labels of pieces that were voided, or all of a sending
/// that was.
///
/// # Errors
/// The store's.
pub async fn void_papers(tx: &mut Tx, consignment: i64) -> Result<Vec<i64>, StoreError> {
    let sql = format!("{VOID} AND d.consignment_id = ? ORDER BY d.id");
    let rows: Vec<(i64,)> = tx.all(&sql, vals![consignment]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whether a document is void: it is of a piece, or a sending, that was voided.
///
/// # Errors
/// The store's.
pub async fn is_void(tx: &mut Tx, document: i64) -> Result<bool, StoreError> {
    let sql = format!("{VOID} AND d.id = ?");
    let row: Option<(i64,)> = tx.opt(&sql, vals![document]).await?;
    Ok(row.is_some())
}

const VOID: &str = "SELECT d.id FROM documents d \
    JOIN consignments c ON c.id = d.consignment_id \
    LEFT JOIN parcels p ON p.id = d.parcel_id \
    WHERE (p.voided_at IS NOT NULL OR c.state IN ('voiding', 'voided', 'not_bought'))";

/// The documents of a sending that are for paper: the labels of its pieces, but of those that
/// were voided, then the carrier's papers, then the slip.
///
/// # Errors
/// The store's.
pub async fn documents_of(tx: &mut Tx, consignment: i64) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = tx
        .all(
            "SELECT d.id FROM documents d LEFT JOIN parcels p ON p.id = d.parcel_id \
             WHERE d.consignment_id = ? AND d.kind IN ('label', 'paper', 'packing_slip') \
               AND p.voided_at IS NULL AND (d.kind <> 'label' OR p.id IS NOT NULL) \
             ORDER BY CASE d.kind WHEN 'label' THEN 0 WHEN 'paper' THEN 1 ELSE 2 END, p.number, d.id",
            vals![consignment],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
