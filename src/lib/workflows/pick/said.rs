//! What a scan says: whether it can be stored at all, and why it does not count.

use uuid::Uuid;

use super::{EventKind, MAX_CODE, ScanEvent};
use crate::domain::pick::Not;
use crate::domain::words::plural;
use crate::store::picks::Line;

/// Units that one scan may mean, at most.
const MAX_UNITS: i64 = 1_000_000;
/// Characters of a reason, at most.
const MAX_REASON: usize = 300;

/// The event as it can be stored: its id in one form, what was scanned without control
/// characters.
pub(super) fn fit(event: &ScanEvent) -> Result<ScanEvent, String> {
    let id = Uuid::parse_str(&event.id).map_err(|_| "the scan's id is not a UUID".to_owned())?;
    if event.code.len() > MAX_CODE {
        return Err(format!(
            "the code has {} bytes; a code has up to {MAX_CODE}",
            event.code.len()
        ));
    }
    let least = i64::from(event.kind != EventKind::Short);
    if !(least..=MAX_UNITS).contains(&event.units) {
        return Err(format!("{} is no number of units for a scan", event.units));
    }
    let reason = event.reason.as_deref().unwrap_or_default().trim();
    if reason.chars().count() > MAX_REASON {
        return Err(format!("the reason is longer than {MAX_REASON} characters"));
    }
    if event.kind == EventKind::Short && reason.is_empty() {
        return Err("say why fewer were found".to_owned());
    }
    Ok(ScanEvent {
        id: id.to_string(),
        code: visible(&event.code),
        reason: Some(visible(reason)).filter(|text| !text.is_empty()),
        ..event.clone()
    })
}

/// A text with its control characters as the pictures of them.
fn visible(text: &str) -> String {
    let picture = |c: char| match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(picture).collect()
}

/// Why a scan of a line does not count.
pub(super) fn words(not: Not, line: &Line, units: i64) -> String {
    let sku = &line.sku;
    match not {
        Not::TooMany { open: 0 } => format!(
            "too many: all {} of {sku} are accounted for, put it back",
            line.quantity
        ),
        Not::TooMany { open } => format!(
            "too many: {open} of {sku} {} still to be picked here, and this scan counts {units}",
            plural(open, "is", "are")
        ),
        Not::NotTaken { picked } => format!(
            "{picked} of {sku} {} picked here; {units} cannot be put back",
            plural(picked, "is", "are")
        ),
        Not::BelowPicked { picked } => format!(
            "{picked} of {sku} {} picked here already: put back what was not found, or say that \
             at least {picked} {} found",
            plural(picked, "is", "are"),
            plural(picked, "was", "were")
        ),
        Not::NothingShort => format!("nothing of {sku} is short here"),
    }
}
