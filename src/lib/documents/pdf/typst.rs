//! Typst in this process. Its world is closed: the template, the data, the logo and fonts,
//! no file of the machine, no package, no clock.

mod fonts;

use std::sync::LazyLock;

use serde_json::Value;
use typst::diag::{FileError, FileResult, SourceDiagnostic, Warned};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::layout::{Frame, FrameItem};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use super::{DocumentError, Engine, Job};
use crate::documents::packing_slip::whereabouts;

/// Documents after which what was remembered of one is forgotten.
const REMEMBERED: usize = 8;

static LIBRARY: LazyLock<LazyHash<Library>> =
    LazyLock::new(|| LazyHash::new(Library::builder().build()));

/// Typst in this process.
pub(super) struct Typst;

impl Engine for Typst {
    fn draw(&self, job: &Job<'_>) -> Result<(Vec<u8>, usize), DocumentError> {
        let template = job.version.name;
        let world = Closed::new(job)?;
        let Warned { output, warnings } = typst::compile::<PagedDocument>(&world);
        let document = output.map_err(|errors| world.refusal(template, &errors))?;
        if !warnings.is_empty() {
            return Err(world.refusal(template, &warnings));
        }
        for page in document.pages() {
            if let Some(character) = without_glyph(&page.frame) {
                return Err(no_glyph(job.data, character));
            }
        }
        let options = PdfOptions {
            ident: Smart::Custom(job.data.to_string()),
            creator: Smart::Custom(Some("opsctl".to_owned())),
            ..PdfOptions::default()
        };
        let pdf = typst_pdf::pdf(&document, &options)
            .map_err(|errors| world.refusal(template, &errors))?;
        typst::comemo::evict(REMEMBERED);
        Ok((pdf, document.pages().len()))
    }
}

/// What a template can see.
struct Closed {
    source: Source,
    files: Vec<(FileId, Bytes)>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

impl Closed {
    fn new(job: &Job<'_>) -> Result<Self, DocumentError> {
        let broken = |reason: String| DocumentError::Template {
            template: job.version.name,
            reason,
        };
        let id = |name: &str| {
            let path = VirtualPath::new(name).map_err(|error| broken(error.to_string()))?;
            Ok::<_, DocumentError>(RootedPath::new(VirtualRoot::Project, path).intern())
        };
        let (name, bytes) = job.version.template;
        let text = std::str::from_utf8(bytes).map_err(|error| broken(error.to_string()))?;
        let mut files = vec![(id("data.json")?, Bytes::from_string(job.data.to_string()))];
        if let Some(logo) = job.logo {
            files.push((id(logo.file_name())?, Bytes::new(logo.bytes().to_vec())));
        }
        let fonts = fonts::for_data(job.data)?;
        Ok(Self {
            source: Source::new(id(name)?, text.to_owned()),
            files,
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
        })
    }

    /// What Typst says, each with its line.
    fn refusal(&self, template: &'static str, said: &[SourceDiagnostic]) -> DocumentError {
        let line = |said: &SourceDiagnostic| {
            let at = self.range(said.span).and_then(|range| {
                let lines = self.source.lines();
                lines.byte_to_line(range.start).map(|line| line + 1)
            });
            match at {
                Some(line) => format!("line {line}: {}", said.message),
                None => said.message.to_string(),
            }
        };
        let reason = said.iter().map(line).collect::<Vec<_>>().join("; ");
        DocumentError::Template { template, reason }
    }
}

impl World for Closed {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.source.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.source.id() {
            return Ok(self.source.clone());
        }
        Err(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let found = self.files.iter().find(|(file, _)| *file == id);
        found
            .map(|(_, bytes)| bytes.clone())
            .ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The first character on a page that was drawn as the sign for a missing one.
fn without_glyph(frame: &Frame) -> Option<char> {
    frame.items().find_map(|(_, item)| match item {
        FrameItem::Group(group) => without_glyph(&group.frame),
        FrameItem::Text(text) => {
            let missing = text.glyphs.iter().find(|glyph| glyph.id == 0)?;
            let from = usize::from(missing.range.start);
            text.text.get(from..)?.chars().next()
        }
        _ => None,
    })
}

fn no_glyph(data: &Value, character: char) -> DocumentError {
    let (place, text) = whereabouts(data, character)
        .unwrap_or_else(|| ("the template".to_owned(), character.to_string()));
    DocumentError::NoGlyph {
        character,
        place,
        text,
    }
}
