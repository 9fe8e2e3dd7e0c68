//! WeasyPrint (57 and later) as a process: HTML in, PDF out, in a folder that is thrown away.
//!
//! With `SOURCE_DATE_EPOCH` it gives the same bytes for the same page. It is told nothing but
//! that page: texts are escaped, so that no address in them is ever followed.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use minijinja::{AutoEscape, Environment};

use super::{DocumentError, Engine, Job, templates};
use crate::documents::packing_slip::{characters, whereabouts};

/// A page takes it some two seconds.
const PATIENCE: Duration = Duration::from_secs(120);
/// What it said of an error is told so far.
const TOLD: usize = 600;
/// The time that all its documents bear.
const EPOCH: &str = "0";

/// WeasyPrint as a process.
#[derive(Debug, Clone)]
pub struct WeasyPrint {
    /// The program.
    pub program: PathBuf,
    /// How long it may take.
    pub patience: Duration,
}

impl Default for WeasyPrint {
    fn default() -> Self {
        Self {
            program: "weasyprint".into(),
            patience: PATIENCE,
        }
    }
}

impl Engine for WeasyPrint {
    fn draw(&self, job: &Job<'_>) -> Result<(Vec<u8>, usize), DocumentError> {
        let html = html(job)?;
        let folder = tempfile::tempdir()?;
        let (name, _) = job.version.template;
        std::fs::write(folder.path().join(name), html)?;
        for (name, bytes) in templates::FONTS {
            std::fs::write(folder.path().join(name), bytes)?;
        }
        if let Some(bars) = job.data["code"]["svg"].as_str() {
            std::fs::write(folder.path().join("code.svg"), bars)?;
        }
        if let Some(logo) = job.logo {
            std::fs::write(folder.path().join(logo.file_name()), logo.bytes())?;
        }
        must_have_glyphs(job, folder.path())?;
        let said = self.run(
            &self.program,
            folder.path(),
            &["--encoding", "utf-8", name, "slip.pdf"],
        )?;
        // A logo or a font that it could not read is only told.
        if said
            .lines()
            .any(|l| l.starts_with("ERROR") || l.starts_with("WARNING"))
        {
            return Err(failed(&self.program, &said));
        }
        let pdf = std::fs::read(folder.path().join("slip.pdf"))
            .map_err(|_| failed(&self.program, &said))?;
        let pages = pages(&pdf);
        if pages == 0 {
            return Err(failed(&self.program, "it made a document without a page"));
        }
        Ok((pdf, pages))
    }
}

impl WeasyPrint {
    /// Runs a program in a folder to its end; gives what it said of errors.
    fn run(&self, program: &Path, folder: &Path, args: &[&str]) -> Result<String, DocumentError> {
        let mut child = Command::new(program)
            .args(args)
            .current_dir(folder)
            .env("SOURCE_DATE_EPOCH", EPOCH)
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| not_started(program, &error))?;
        let mut stderr = child.stderr.take();
        let (told, heard) = mpsc::channel();
        std::thread::spawn(move || {
            let mut said = Vec::new();
            if let Some(stderr) = &mut stderr {
                // What was said until the pipe broke is all there is.
                let _ = stderr.read_to_end(&mut said);
            }
            let _ = told.send(String::from_utf8_lossy(&said).into_owned());
        });
        // A process closes its stderr when it ends.
        let Ok(said) = heard.recv_timeout(self.patience) else {
            child.kill()?;
            child.wait()?;
            return Err(DocumentError::TimedOut {
                program: program.display().to_string(),
                seconds: self.patience.as_secs(),
            });
        };
        if child.wait()?.success() {
            Ok(said)
        } else {
            Err(failed(program, &said))
        }
    }
}

/// Asks fontconfig, which picks WeasyPrint's fonts, whether each character has one there or
/// among those of the template, which lie in the folder.
fn must_have_glyphs(job: &Job<'_>, folder: &Path) -> Result<(), DocumentError> {
    let wanted: Vec<char> = characters(job.data)
        .into_iter()
        .filter(|c| !c.is_ascii())
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mut query = Command::new("fc-query");
    query.args(templates::FONTS.map(|(name, _)| folder.join(name)));
    let mut known = BTreeSet::new();
    for mut command in [query, Command::new("fc-list")] {
        let listed = command
            .args(["--format", "%{charset}\\n"])
            .output()
            .map_err(|error| not_started(Path::new(command.get_program()), &error))?;
        known.extend(ranges(&String::from_utf8_lossy(&listed.stdout)));
    }
    let has = |c: char| {
        let code = c as u32;
        known.iter().any(|(from, to)| (*from..=*to).contains(&code))
    };
    match wanted.into_iter().find(|c| !has(*c)) {
        None => Ok(()),
        Some(character) => {
            let (place, text) = whereabouts(job.data, character).unwrap_or_default();
            Err(DocumentError::NoGlyph {
                character,
                place,
                text,
            })
        }
    }
}

fn not_started(program: &Path, error: &std::io::Error) -> DocumentError {
    DocumentError::NotStarted {
        program: program.display().to_string(),
        reason: error.to_string(),
    }
}

fn failed(program: &Path, said: &str) -> DocumentError {
    let said = said.trim();
    // A traceback ends with what matters.
    let from = said.len().saturating_sub(TOLD);
    let from = (from..said.len()).find(|at| said.is_char_boundary(*at));
    DocumentError::Failed {
        program: program.display().to_string(),
        said: said[from.unwrap_or(0)..].to_owned(),
    }
}

/// The page, its texts escaped.
fn html(job: &Job<'_>) -> Result<String, DocumentError> {
    let broken = |reason: String| DocumentError::Template {
        template: job.version.name,
        reason,
    };
    let (name, bytes) = job.version.template;
    let text = std::str::from_utf8(bytes).map_err(|error| broken(error.to_string()))?;
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment
        .add_template(name, text)
        .and_then(|()| environment.get_template(name)?.render(job.data))
        .map_err(|error| broken(format!("{error:#}")))
}

/// The characters of all fonts: `fc-list` writes a font's as `20-7e a0 100-17f`, in hex.
fn ranges(listed: &str) -> BTreeSet<(u32, u32)> {
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let range = |text: &str| match text.split_once('-') {
        Some((from, to)) => Some((hex(from)?, hex(to)?)),
        None => hex(text).map(|one| (one, one)),
    };
    listed.split_whitespace().filter_map(range).collect()
}

/// How many pages a PDF has: WeasyPrint writes its page objects as they are.
fn pages(pdf: &[u8]) -> usize {
    const PAGE: &[u8] = b"/Type /Page";
    pdf.windows(PAGE.len() + 1)
        .filter(|part| part.starts_with(PAGE) && !part[PAGE.len()].is_ascii_alphabetic())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_characters_of_fonts_are_read_as_ranges() {
        let known = ranges("20-7e a0\n4e00-9fff\n\nzz\n");
        assert_eq!(
            known.into_iter().collect::<Vec<_>>(),
            [(0x20, 0x7E), (0xA0, 0xA0), (0x4E00, 0x9FFF)]
        );
    }

    #[test]
    fn pages_are_counted_and_their_list_is_not() {
        assert_eq!(
            pages(b"<< /Type /Pages >> << /Type /Page /x >> << /Type /Page\n>>"),
            2
        );
    }

    #[test]
    fn a_long_traceback_is_told_by_its_end() {
        let said = format!("{}the end", "ü".repeat(TOLD));
        let DocumentError::Failed { said, .. } = failed(Path::new("x"), &said) else {
            panic!("it failed");
        };
        assert!(said.ends_with("the end") && said.len() <= TOLD, "{said}");
    }
}
