//! Files that are written whole or not at all, readable by their owner alone.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::VaultError;

/// Puts bytes in place of a file's content in one step (mode 0600).
pub(super) fn replace(file: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let written = temporary(file, bytes)?;
    written
        .persist(file)
        .map_err(|error| VaultError::io("write", file)(error.error))?;
    sync_folder(file)
}

/// Writes a file that is not there yet (mode 0600), in one step.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] inside [`VaultError::Io`] where it is.
pub(super) fn create(file: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let written = temporary(file, bytes)?;
    written
        .persist_noclobber(file)
        .map_err(|error| VaultError::io("make", file)(error.error))?;
    sync_folder(file)
}

/// Moves one file to another's place in one step.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), VaultError> {
    fs::rename(from, to).map_err(VaultError::io("replace", to))?;
    sync_folder(to)
}

/// Reads a file; `None` where it is not there.
pub(super) fn read(file: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(VaultError::io("read", file)(error)),
    }
}

/// Waits until nobody else changes a file; they may again once the answer is dropped. The
/// lock is a file beside it that stays, for removing it would let two in at once.
pub(super) fn lock(file: &Path) -> Result<File, VaultError> {
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    let path = PathBuf::from(name);
    make_folder(&path)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(VaultError::io("open", &path))?;
    lock.lock().map_err(VaultError::io("lock", &path))?;
    Ok(lock)
}

/// The permission bits that let others than the owner in; none where the system has none.
#[cfg(unix)]
pub(super) fn open_to_others(file: &Path) -> Result<Option<u32>, VaultError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(file).map_err(VaultError::io("read", file))?;
    let mode = metadata.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// The permission bits that let others than the owner in; none where the system has none.
#[cfg(not(unix))]
pub(super) fn open_to_others(_: &Path) -> Result<Option<u32>, VaultError> {
    Ok(None)
}

/// The folder of a file; the working folder for a bare name.
fn folder(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn make_folder(file: &Path) -> Result<(), VaultError> {
    let folder = folder(file);
    fs::create_dir_all(folder).map_err(VaultError::io("make", folder))
}

fn temporary(file: &Path, bytes: &[u8]) -> Result<NamedTempFile, VaultError> {
    make_folder(file)?;
    let failed = || VaultError::io("write", file);
    let mut temporary = NamedTempFile::new_in(folder(file)).map_err(failed())?;
    temporary.write_all(bytes).map_err(failed())?;
    temporary.as_file().sync_all().map_err(failed())?;
    Ok(temporary)
}

/// Makes a new name in a folder outlast a power failure.
fn sync_folder(file: &Path) -> Result<(), VaultError> {
    let folder = folder(file);
    if cfg!(unix) {
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(VaultError::io("write", folder))?;
    }
    Ok(())
}
