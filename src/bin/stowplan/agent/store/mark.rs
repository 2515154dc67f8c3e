//! The file that says which command is the latest. The log cannot: where what it wrote last is damaged it takes
//! that for something that was never finished, and goes on without.

use std::fs::{File, OpenOptions, read_to_string};
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::{log, named};

/// The file, open.
pub(super) struct Mark {
    file: File,
}

impl Mark {
    /// Opens the file of a folder in whose log a command is the latest.
    ///
    /// # Errors
    ///
    /// The log has had others after that, or the file is damaged.
    pub(super) fn open(folder: &Path, latest: u64) -> Result<Mark, String> {
        let path = folder.join("latest");
        let name = path.display();
        match read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // The agent was killed before it wrote anything.
            Ok(text) if text.is_empty() => {}
            Ok(text) => match read(&text) {
                Some(number) if number > latest => {
                    return Err(format!(
                        "{name}: commands up to {number} were kept, and the log beside it ends with {latest}: bring the \
                         log back from a copy, or remove this file to go on without what is missing"
                    ));
                }
                Some(_) => {}
                None => return Err(damaged(&path)),
            },
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(damaged(&path)),
            Err(error) => return Err(named(&path, &error)),
        }
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let mark = Mark { file: file.map_err(|error| named(&path, &error))? };
        // From then on it has its place on the disk, and is there whole.
        let write = mark.write(latest).and_then(|()| mark.file.sync_all());
        write.map_err(|error| named(&path, &error))?;
        Ok(mark)
    }

    /// Notes that a command, which is in the log, is the latest. It is not waited for until it is on disk: it
    /// is never ahead of the log, and a process that ends in the middle of something leaves it as it is here.
    pub(super) fn set(&self, latest: u64) {
        if let Err(error) = self.write(latest) {
            // The log has the command.
            tracing::warn!("it cannot be noted which command is the latest: {error}");
        }
    }

    fn write(&self, latest: u64) -> io::Result<()> {
        let number = format!("{latest:020}");
        let line = format!("{number} {:08x}\n", log::checksum(number.as_bytes()));
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(line.as_bytes())
    }
}

fn damaged(path: &Path) -> String {
    format!(
        "{}: it is damaged: bring it back from a copy, or remove it if the log beside it is known to be whole",
        path.display()
    )
}

fn read(text: &str) -> Option<u64> {
    let (number, sum) = text.strip_suffix('\n')?.split_once(' ')?;
    let is_whole = u32::from_str_radix(sum, 16) == Ok(log::checksum(number.as_bytes()));
    number.parse().ok().filter(|_| is_whole)
}
