//! Which fonts a document is drawn with: its own, and for scripts that those lack, as few of
//! the machine's as will do. A machine with more fonts than another draws the same page.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::Value;
use typst::foundations::Bytes;
use typst::text::{Font, FontInfo, FontStretch, FontStyle, FontWeight};

use super::no_glyph;
use crate::documents::packing_slip::characters;
use crate::documents::pdf::DocumentError;
use crate::documents::pdf::templates::FONTS;

/// Where machines keep fonts; the last two below the home folder.
const FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];
const HOME_FOLDERS: [&str; 2] = [".local/share/fonts", ".fonts"];

/// Fonts in one file, at most.
const MOST_FACES: u32 = 64;

/// The fonts that are built in.
static OWN: LazyLock<Vec<Font>> = LazyLock::new(|| {
    let fonts = FONTS.iter().map(|(_, bytes)| Bytes::new(*bytes));
    fonts.flat_map(Font::iter).collect()
});

/// The machine's fonts, once they were needed.
static MACHINE: Mutex<Option<Arc<Vec<Face>>>> = Mutex::new(None);

/// A font of the machine.
struct Face {
    path: PathBuf,
    index: u32,
    info: FontInfo,
}

/// The fonts for a document's data.
///
/// # Errors
/// No font has a character.
pub(super) fn for_data(data: &Value) -> Result<Vec<Font>, DocumentError> {
    let mut fonts = OWN.clone();
    let mut wanted = characters(data);
    wanted.retain(|c| !fonts.iter().any(|font| has(font.info(), *c)));
    if wanted.is_empty() {
        return Ok(fonts);
    }
    let mut faces = machine(false);
    if wanted
        .iter()
        .any(|c| !faces.iter().any(|face| has(&face.info, *c)))
    {
        // It may have been installed since.
        faces = machine(true);
    }
    let order = Order::of(&wanted);
    while let Some(first) = wanted.first().copied() {
        let family = faces
            .iter()
            .filter(|face| has(&face.info, first))
            .min_by_key(|face| order.rank(face, &wanted))
            .map(|face| face.info.family.clone())
            .ok_or_else(|| no_glyph(data, first))?;
        let of_family = faces.iter().filter(|face| face.info.family == family);
        for font in of_family.filter(|face| is_upright(face)).filter_map(load) {
            wanted.retain(|c| !has(font.info(), *c));
            fonts.push(font);
        }
        if wanted.first() == Some(&first) {
            return Err(no_glyph(data, first));
        }
    }
    Ok(fonts)
}

fn has(info: &FontInfo, c: char) -> bool {
    info.coverage.contains(c as u32)
}

/// Whether a face is one that templates use: upright, of usual width, regular or bold.
fn is_upright(face: &Face) -> bool {
    let variant = &face.info.variant;
    variant.style == FontStyle::Normal
        && variant.stretch == FontStretch::NORMAL
        && (!face.info.axes.is_empty()
            || [FontWeight::REGULAR, FontWeight::BOLD].contains(&variant.weight))
}

/// Which of two fonts is taken.
struct Order {
    /// How the family of the texts' own forms of Chinese characters ends.
    han: &'static str,
}

impl Order {
    /// Kana tell Japanese and Hangul tells Korean; otherwise Chinese characters are drawn as
    /// on the mainland.
    fn of(wanted: &[char]) -> Self {
        let any = |from: char, to: char| wanted.iter().any(|c| (from..=to).contains(c));
        let han = if any('\u{3041}', '\u{30FF}') {
            "JP"
        } else if any('\u{AC00}', '\u{D7AF}') {
            "KR"
        } else if any('\u{3105}', '\u{312F}') {
            "TC"
        } else {
            "SC"
        };
        Self { han }
    }

    /// The kin of the built-in fonts first, then what has the most of the characters; the
    /// rest only makes it the same one everywhere.
    fn rank<'a>(
        &self,
        face: &'a Face,
        wanted: &[char],
    ) -> (bool, bool, Reverse<usize>, bool, usize, &'a str) {
        let family = face.info.family.as_str();
        let kin = family.starts_with("Noto Sans") && !family.contains("Mono");
        let covered = wanted.iter().filter(|c| has(&face.info, **c)).count();
        let other_han = family.contains("CJK") && !family.ends_with(self.han);
        (
            !is_upright(face),
            !kin,
            Reverse(covered),
            other_han,
            family.len(),
            family,
        )
    }
}

/// The machine's fonts, in the order of their files; `again` looks for new ones.
fn machine(again: bool) -> Arc<Vec<Face>> {
    let mut known = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    match &*known {
        Some(faces) if !again => Arc::clone(faces),
        _ => {
            let faces = Arc::new(look_around());
            *known = Some(Arc::clone(&faces));
            faces
        }
    }
}

fn look_around() -> Vec<Face> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let in_home = home
        .iter()
        .flat_map(|home| HOME_FOLDERS.map(|folder| home.join(folder)));
    let mut files = Vec::new();
    for folder in FOLDERS.iter().map(PathBuf::from).chain(in_home) {
        gather(&folder, &mut files);
    }
    files.sort();
    let own = |family: &str| OWN.iter().any(|font| font.info().family == family);
    let mut faces = Vec::new();
    for path in files {
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        for index in 0..MOST_FACES {
            let Some(info) = FontInfo::new(&bytes, index) else {
                continue;
            };
            // A second font by the name of a built-in one would take its place.
            if !own(&info.family) {
                faces.push(Face {
                    path: path.clone(),
                    index,
                    info,
                });
            }
        }
    }
    faces
}

/// The font files of a folder and those below it; what cannot be read is left out.
fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // A link to a folder may lead round in a circle.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            gather(&path, files);
        } else if path.extension().is_some_and(|end| {
            ["ttf", "otf", "ttc", "otc"]
                .iter()
                .any(|known| end.eq_ignore_ascii_case(known))
        }) {
            files.push(path);
        }
    }
}

fn load(face: &Face) -> Option<Font> {
    let bytes = std::fs::read(&face.path).ok()?;
    let font = Font::new(Bytes::new(bytes), face.index)?;
    (font.info().family == face.info.family).then_some(font)
}
