//! A label as a thermal printer takes it: plain ZPL of 4 by 6 inches at 203 dots an inch,
//! with the tracking number as Code 128.

use super::shipment::Party;

/// What stands on a label.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The tracking number.
    pub number: &'a str,
    /// Which package, counted from 1, of how many.
    pub place: (usize, usize),
    /// Who sends.
    pub from: &'a Party,
    /// Where it goes.
    pub to: &'a Party,
    /// The service.
    pub service: &'a str,
    /// The references.
    pub references: &'a [String],
}

/// Writes a label.
pub fn write(facts: Facts<'_>) -> String {
    let mut zpl = String::from("^XA\n^CI28\n^PW812\n^LL1218\n^LH0,0\n");
    let mut field = |x: usize, y: usize, height: usize, text: &str| {
        let text = plain(text);
        zpl.push_str(&format!("^FO{x},{y}^A0N,{height},{height}^FD{text}^FS\n"));
    };
    let (place, of) = facts.place;
    let city = |party: &Party| {
        let parts = [&party.city, &party.state, &party.postcode, &party.country];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.cloned().collect::<Vec<_>>().join(" ")
    };
    field(30, 30, 24, &facts.from.name);
    field(30, 58, 24, &city(facts.from));
    field(620, 30, 32, &format!("{place} OF {of}"));
    field(30, 130, 28, "SHIP TO:");
    let mut y = 165;
    for text in [&facts.to.name, &facts.to.attention]
        .into_iter()
        .chain(&facts.to.lines)
    {
        if !text.is_empty() {
            field(90, y, 34, text);
            y += 40;
        }
    }
    field(90, y, 40, &city(facts.to));
    field(30, 520, 44, &format!("UPS SERVICE {}", facts.service));
    field(30, 580, 28, &format!("TRACKING #: {}", facts.number));
    let references = facts.references.iter().enumerate();
    for (at, reference) in references.take(2) {
        field(30, 1080 + at * 34, 28, &format!("REF: {reference}"));
    }
    field(560, 1160, 22, "SANDBOX - NOT FOR TRANSPORT");
    zpl.push_str(&format!(
        "^BY3,3,240^FO90,660^BCN,240,N,N,N,A^FD{}^FS\n",
        facts.number
    ));
    zpl.push_str("^XZ\n");
    zpl
}

/// Text without what a printer takes for a command.
fn plain(text: &str) -> String {
    text.replace(['^', '~'], " ")
}
