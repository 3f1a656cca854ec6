//! How SQL functions are exported, and how they read their arguments.
//!
//! The functions are declared by hand in sql/, because one Rust function serves many overloads: the type of an argument
//! comes from the declaration, once per call site.

use pgrx::{FromDatum, IntoDatum, pg_sys};

use crate::pg::datum::varlena_bytes;
use crate::pg::error::{Report, code};

/// Exports `fn(&mut Arguments) -> Option<Datum>` under its own name, as a version-1 C function.
#[macro_export]
macro_rules! sql_function {
    ($(#[$doc:meta])* fn $name:ident($arguments:ident) $body:block) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name(fcinfo: ::pgrx::pg_sys::FunctionCallInfo) -> ::pgrx::pg_sys::Datum {
            fn body($arguments: &mut $crate::pg::arguments::Arguments) -> Option<::pgrx::pg_sys::Datum> $body
            // SAFETY: Postgres calls this with a valid fcinfo; panics and errors stop at the guard.
            unsafe {
                ::pgrx::pg_sys::submodules::panic::pgrx_extern_c_guard(|| {
                    let mut watch = $crate::pg::memory::Watch::new();
                    watch.begin();
                    let mut arguments = $crate::pg::arguments::Arguments::new(fcinfo);
                    let result = body(&mut arguments);
                    arguments.finish(result)
                })
            }
        }

        const _: () = {
            #[unsafe(export_name = concat!("pg_finfo_", stringify!($name)))]
            extern "C" fn finfo() -> &'static ::pgrx::pg_sys::Pg_finfo_record {
                const V1: ::pgrx::pg_sys::Pg_finfo_record = ::pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
                &V1
            }
        };
    };
}

/// The call in progress.
#[derive(Clone, Copy)]
pub struct Arguments {
    fcinfo: pg_sys::FunctionCallInfo,
}

impl Arguments {
    /// # Safety
    /// `fcinfo` is the one that Postgres passed to the running C function.
    pub unsafe fn new(fcinfo: pg_sys::FunctionCallInfo) -> Arguments {
        Arguments { fcinfo }
    }

    pub fn fcinfo(&self) -> pg_sys::FunctionCallInfo {
        self.fcinfo
    }

    pub fn flinfo(&self) -> *mut pg_sys::FmgrInfo {
        // SAFETY: fcinfo is valid by the contract of new().
        unsafe { (*self.fcinfo).flinfo }
    }

    /// The running function.
    pub fn function(&self) -> pg_sys::Oid {
        // SAFETY: flinfo is valid during the call.
        unsafe { (*self.flinfo()).fn_oid }
    }

    /// The argument types of the running function's declaration.
    pub fn declared_types(&self) -> Vec<pg_sys::Oid> {
        // SAFETY: get_func_signature fills what it is given, for a function that exists, with memory of the call.
        unsafe {
            let mut types: *mut pg_sys::Oid = std::ptr::null_mut();
            let mut count = 0;
            pg_sys::get_func_signature(self.function(), &mut types, &mut count);
            std::slice::from_raw_parts(types, count as usize).to_vec()
        }
    }

    pub fn count(&self) -> usize {
        // SAFETY: as above.
        unsafe { (*self.fcinfo).nargs as usize }
    }

    /// The argument's datum, none for SQL NULL or where the declaration has fewer arguments.
    #[inline]
    pub fn datum(&self, at: usize) -> Option<pg_sys::Datum> {
        if at >= self.count() {
            return None;
        }
        // SAFETY: Postgres allocates nargs entries behind fcinfo.
        let argument = unsafe { (*self.fcinfo).args.as_slice(self.count())[at] };
        (!argument.isnull).then_some(argument.value)
    }

    /// The type of the argument in the query, where that says more than the declaration.
    pub fn type_of(&self, at: usize) -> pg_sys::Oid {
        // SAFETY: flinfo is valid during the call.
        unsafe { pg_sys::get_fn_expr_argtype(self.flinfo(), at as i32) }
    }

    /// Whether the argument is a constant of the query.
    pub fn is_constant(&self, at: usize) -> bool {
        // SAFETY: fn_expr is null or the calling expression; its tag is checked before it is cast, and list elements
        // within the list's length are nodes.
        unsafe {
            let call: *const pg_sys::FuncExpr = (*self.flinfo()).fn_expr.cast();
            if call.is_null() || (*call).xpr.type_ != pg_sys::NodeTag::T_FuncExpr {
                return false;
            }
            let Some(list) = (*call).args.as_ref() else { return false };
            let node = |at: usize| (*list.elements.add(at)).ptr_value.cast::<pg_sys::Node>();
            at < list.length as usize && (*node(at)).type_ == pg_sys::NodeTag::T_Const
        }
    }

    /// The argument as a Rust value; the caller knows its declared type.
    pub fn get<T: FromDatum>(&self, at: usize) -> Option<T> {
        // SAFETY: the types are those of the hand-written declarations in sql/.
        self.datum(at).and_then(|datum| unsafe { T::from_datum(datum, false) })
    }

    /// The same, with a value for the declarations that do not have the argument.
    pub fn get_or<T: FromDatum>(&self, at: usize, absent: T) -> Option<T> {
        if at < self.count() { self.get(at) } else { Some(absent) }
    }

    /// The argument as text; the caller knows that it is declared text.
    #[inline]
    pub fn text<'a>(&self, at: usize) -> Option<&'a str> {
        self.datum(at).map(text_of)
    }

    /// The payload of the argument; the caller knows that it is declared jsonb, text, bytea or json. It lives as long as the
    /// call.
    #[inline]
    pub fn payload<'a>(&self, at: usize) -> Option<&'a [u8]> {
        // SAFETY: the types are those of the hand-written declarations in sql/.
        self.datum(at).map(|datum| unsafe { varlena_bytes(datum) })
    }

    /// Ends the call.
    pub fn finish(&mut self, result: Option<pg_sys::Datum>) -> pg_sys::Datum {
        // SAFETY: fcinfo is valid by the contract of new().
        unsafe { (*self.fcinfo).isnull = result.is_none() };
        result.unwrap_or(pg_sys::Datum::from(0))
    }
}

/// A text argument without a copy where it is stored plainly.
pub fn text_of<'a>(datum: pg_sys::Datum) -> &'a str {
    // SAFETY: the argument is declared text; it lives as long as the call.
    let bytes = unsafe { varlena_bytes(datum) };
    std::str::from_utf8(bytes).unwrap_or_else(|_| {
        Report::new(code::INVALID_PARAMETER, "text is not valid UTF-8").hint("Convert the text to UTF-8.").raise()
    })
}

pub fn text_datum(text: &str) -> Option<pg_sys::Datum> {
    text.into_datum()
}
