//! Arguments of a call, read without copies where that is possible.

use super::error::{CallError, or_raise};
use pgrx::pg_sys;
use pgrx::varlena::{varatt_is_1b, varatt_is_1b_e, varatt_is_4b_u, vardata_any, varsize_any_exhdr};

/// The arguments of one call of a C function.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    fcinfo: pg_sys::FunctionCallInfo,
    args: &'a [pg_sys::NullableDatum],
}

impl<'a> Args<'a> {
    /// Wraps what Postgres passes to a function.
    ///
    /// # Safety
    /// `fcinfo` must be the argument that Postgres gave to the running function.
    pub unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> Self {
        // SAFETY: fcinfo is valid by contract and has nargs arguments.
        let args = unsafe { (*fcinfo).args.as_slice((*fcinfo).nargs as usize) };
        Args { fcinfo, args }
    }

    /// What Postgres passed.
    pub fn fcinfo(&self) -> pg_sys::FunctionCallInfo {
        self.fcinfo
    }

    /// The datum of an argument; `None` for NULL.
    #[inline(always)]
    pub fn datum(&self, i: usize) -> Option<pg_sys::Datum> {
        self.args.get(i).filter(|a| !a.isnull).map(|a| a.value)
    }

    /// A `double precision`.
    #[inline(always)]
    pub fn f64(&self, i: usize) -> Option<f64> {
        self.datum(i).map(|d| f64::from_bits(d.value() as u64))
    }

    /// A `bigint`, or a time, which is one inside.
    #[inline(always)]
    pub fn i64(&self, i: usize) -> Option<i64> {
        self.datum(i).map(|d| d.value() as i64)
    }

    /// A `boolean`.
    #[inline(always)]
    pub fn boolean(&self, i: usize) -> Option<bool> {
        self.datum(i).map(|d| d.value() as u8 != 0)
    }

    /// The bytes of a `text`, `bytea` or `rct.sketch`.
    #[inline(always)]
    pub fn bytes(&self, i: usize) -> Option<&'a [u8]> {
        // SAFETY: the argument is declared as a type of variable length.
        self.datum(i).map(|d| unsafe { varlena_bytes(d) })
    }

    /// A `text`.
    #[inline(always)]
    pub fn str(&self, i: usize, name: &'static str) -> Option<&'a str> {
        self.bytes(i)
            .map(|b| or_raise(std::str::from_utf8(b).map_err(|_| CallError::Encoding(name))))
    }

    /// A `uuid`.
    #[inline(always)]
    pub fn uuid(&self, i: usize) -> Option<[u8; 16]> {
        // SAFETY: the argument is declared as uuid, which is a pointer to 16 bytes.
        self.datum(i)
            .map(|d| unsafe { *d.cast_mut_ptr::<[u8; 16]>() })
    }

    /// Appends the elements of a `double precision[]` to `values`. `None` for NULL, an error with the number of dimensions if
    /// it is not one.
    pub fn numbers(&self, i: usize, values: &mut Vec<Option<f64>>) -> Option<Result<(), i32>> {
        // SAFETY: the argument is declared as double precision[].
        self.datum(i).map(|d| unsafe { read_floats(d, values) })
    }
}

/// The bytes of a `bytea` that was taken as it came, not yet read from where it is stored.
pub fn detoasted<'a>(datum: pg_sys::Datum) -> &'a [u8] {
    // SAFETY: arguments of this type are declared as bytea in SQL.
    unsafe { varlena_bytes(datum) }
}

/// The bytes of a varlena; only compressed or external ones are copied.
///
/// # Safety
/// `datum` must be a valid varlena pointer that lives as long as the call.
#[inline(always)]
unsafe fn varlena_bytes<'a>(datum: pg_sys::Datum) -> &'a [u8] {
    let pointer = datum.cast_mut_ptr::<pg_sys::varlena>();
    // SAFETY: a valid varlena by contract; the plain forms are read in place.
    unsafe {
        let plain = varatt_is_4b_u(pointer) || (varatt_is_1b(pointer) && !varatt_is_1b_e(pointer));
        let pointer = if plain {
            pointer
        } else {
            pg_sys::pg_detoast_datum_packed(pointer)
        };
        std::slice::from_raw_parts(
            vardata_any(pointer).cast::<u8>(),
            varsize_any_exhdr(pointer),
        )
    }
}

/// Appends the elements of a `double precision[]`. The number of dimensions is the error, if it is not one.
///
/// # Safety
/// `datum` must be a valid `double precision[]`.
unsafe fn read_floats(datum: pg_sys::Datum, values: &mut Vec<Option<f64>>) -> Result<(), i32> {
    // SAFETY: arrays are varlenas with the header ArrayType; detoasting gives the aligned form. The dimensions follow the
    // header, then come the null bitmap, if there is an offset, and the elements.
    unsafe {
        let pointer = datum.cast_mut_ptr::<pg_sys::varlena>();
        let pointer = if varatt_is_4b_u(pointer) {
            pointer
        } else {
            pg_sys::pg_detoast_datum(pointer)
        };
        let array = pointer.cast::<pg_sys::ArrayType>();
        let dimensions = (*array).ndim;
        if dimensions == 0 {
            return Ok(());
        }
        if dimensions != 1 {
            return Err(dimensions);
        }
        let after_header = array.add(1).cast::<i32>();
        let count = usize::try_from(*after_header).unwrap_or(0);
        let bitmap = after_header.add(2).cast::<u8>();
        let header = size_of::<pg_sys::ArrayType>() + 2 * size_of::<i32>();
        let offset = match (*array).dataoffset {
            0 => header.next_multiple_of(pg_sys::MAXIMUM_ALIGNOF as usize),
            offset => offset as usize,
        };
        let mut element = array.cast::<u8>().add(offset).cast::<f64>();
        if (*array).dataoffset == 0 {
            values.extend((0..count).map(|i| Some(element.add(i).read_unaligned())));
            return Ok(());
        }
        for i in 0..count {
            if *bitmap.add(i / 8) >> (i % 8) & 1 == 1 {
                values.push(Some(element.read_unaligned()));
                element = element.add(1);
            } else {
                values.push(None);
            }
        }
        Ok(())
    }
}
