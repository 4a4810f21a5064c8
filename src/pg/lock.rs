//! Locks of a transaction by name, which only the functions of the extension can take.
//!
//! They are locks of the class that advisory locks belong to, so that waiting, deadlocks and cancellation work as ever, and are
//! seen in `pg_locks`. But their tag has a last field that `pg_advisory_lock` never sets (it knows 1 and 2), so nobody
//! else can hold them.

use pgrx::pg_sys;
use rct_core::sketch::Key;

/// What a lock is for. Two kinds never meet.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Marks hold it shared; whoever changes what they decide by holds it alone.
    Context = 0x5201,
    /// One mark of a user after the other, and no change of groups in between.
    User = 0x5202,
    /// Late units take the slots of a randomization one after the other.
    Run = 0x5203,
    /// A sequence that is behind its table is moved once.
    Sequence = 0x5204,
}

impl Kind {
    /// The kind with a name in SQL.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "context" => Some(Kind::Context),
            "user" => Some(Kind::User),
            "run" => Some(Kind::Run),
            _ => None,
        }
    }
}

/// Waits for the lock, and holds it until the transaction ends.
pub fn acquire(kind: Kind, name: &[u8], shared: bool) {
    let mode = if shared {
        pg_sys::ShareLock
    } else {
        pg_sys::ExclusiveLock
    };
    // SAFETY: the tag is complete, and LockAcquire copies it; it raises, or has the lock.
    unsafe {
        pg_sys::LockAcquire(&tag(kind, name), mode as pg_sys::LOCKMODE, false, false);
    }
}

/// Does something while no other session does, and lets go then. After an error the transaction lets go.
pub fn alone(kind: Kind, name: &[u8], work: impl FnOnce()) {
    acquire(kind, name, false);
    work();
    // SAFETY: as above; the lock is held.
    unsafe {
        let mode = pg_sys::ExclusiveLock as pg_sys::LOCKMODE;
        pg_sys::LockRelease(&tag(kind, name), mode, false);
    }
}

fn tag(kind: Kind, name: &[u8]) -> pg_sys::LOCKTAG {
    // Two names with one digest wait for each other, nothing worse.
    let digest = Key::of_text(name).0 as u64;
    pg_sys::LOCKTAG {
        // SAFETY: set when the session began.
        locktag_field1: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        locktag_field2: (digest >> 32) as u32,
        locktag_field3: digest as u32,
        locktag_field4: kind as u16,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    }
}
