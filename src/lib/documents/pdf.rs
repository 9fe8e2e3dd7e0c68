//! Packing slips as PDF. Two engines draw them: Typst in this process, and WeasyPrint, which
//! runs as a process of its own, for versions written in HTML.
//!
//! The same slip, version and logo give the same bytes. A character that no font has is an
//! error, and so is whatever an engine warns of: paper that lacks a line looks like paper
//! that is right.

mod code128;
mod error;
mod logo;
mod templates;
#[cfg(feature = "typst")]
mod typst;
mod weasyprint;

use serde_json::Value;

pub use error::DocumentError;
pub use logo::Logo;
pub use weasyprint::WeasyPrint;

use super::packing_slip::{self, Slip};
use crate::domain::slip::{Paper, TemplateName};
use templates::{Kind, Version};

/// The colour of rules and headings where the shop has none.
const PLAIN: &str = "#333333";

/// A finished document.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// The template and its version: `packing_slip/letter-1`.
    pub template: String,
    /// The SHA-256 of what it was made from, the data apart, in hex.
    pub bundle: String,
    /// How many pages it has.
    pub pages: usize,
}

/// What draws documents.
trait Engine {
    /// Draws a template with its data; gives the PDF and how many pages it has.
    ///
    /// # Errors
    /// A character that no font has, a template that does not fit its data, an engine that
    /// is not there or does not end.
    fn draw(&self, job: &Job<'_>) -> Result<(Vec<u8>, usize), DocumentError>;
}

/// What an engine is given.
struct Job<'a> {
    version: &'a Version,
    data: &'a Value,
    logo: Option<&'a Logo>,
}

/// Draws a packing slip on a paper: by its default version, or by the one that is named.
///
/// It takes a few hundredths of a second in this process and some seconds with WeasyPrint:
/// nothing to be done on a thread that others wait for.
///
/// # Errors
/// The version is not for this paper, the slip cannot be drawn, or its engine fails.
pub fn render(
    slip: &Slip,
    paper: Paper,
    version: Option<&TemplateName>,
    logo: Option<&Logo>,
) -> Result<Rendered, DocumentError> {
    render_with(&WeasyPrint::default(), slip, paper, version, logo)
}

/// The same with a WeasyPrint of one's own.
///
/// # Errors
/// As [`render`].
pub fn render_with(
    weasyprint: &WeasyPrint,
    slip: &Slip,
    paper: Paper,
    name: Option<&TemplateName>,
    logo: Option<&Logo>,
) -> Result<Rendered, DocumentError> {
    let name = name.map_or_else(|| TemplateName::of(paper), Clone::clone);
    if name.paper() != paper {
        return Err(DocumentError::OtherPaper(name.to_string()));
    }
    let version = Version::of(&name);
    let bundle = version.bundle(logo);
    let mut data = data(slip, logo)?;
    // Documents that look otherwise are other documents, whatever they say.
    data["bundle"] = bundle.as_str().into();
    let job = Job {
        version: &version,
        data: &data,
        logo,
    };
    let (pdf, pages) = match version.kind {
        Kind::Html => weasyprint.draw(&job)?,
        Kind::Typst => in_process(&job)?,
    };
    Ok(Rendered {
        pdf,
        template: format!("packing_slip/{name}"),
        bundle,
        pages,
    })
}

#[cfg(feature = "typst")]
fn in_process(job: &Job<'_>) -> Result<(Vec<u8>, usize), DocumentError> {
    typst::Typst.draw(job)
}

#[cfg(not(feature = "typst"))]
fn in_process(job: &Job<'_>) -> Result<(Vec<u8>, usize), DocumentError> {
    Err(DocumentError::WithoutTypst(job.version.name))
}

/// What a template reads: the slip, its order as bars, the name of the logo's file.
fn data(slip: &Slip, logo: Option<&Logo>) -> Result<Value, DocumentError> {
    if slip.packages.is_empty() {
        return Err(DocumentError::Data("it has no package".to_owned()));
    }
    let accent = slip.accent.as_deref().unwrap_or(PLAIN);
    let hex = accent.strip_prefix('#').unwrap_or_default();
    if hex.len() != 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        let text = format!("{accent:?} is no colour: it reads #rrggbb");
        return Err(DocumentError::Data(text));
    }
    let mut data =
        packing_slip::data(slip).map_err(|error| DocumentError::Data(error.to_string()))?;
    data["accent"] = accent.into();
    data["logo"] = logo.map(Logo::file_name).into();
    let code = code128::Bars::of(&slip.order_code)?;
    data["code"] = serde_json::json!({
        "text": slip.order_code, "modules": code.modules, "svg": code.svg,
    });
    Ok(data)
}
