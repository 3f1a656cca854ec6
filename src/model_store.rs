//! Reading health_model: one stored document, under the active snapshot, with the rights of the current user.

use std::cell::Cell;
use std::ffi::{CStr, CString};

use pgrx::{FromDatum, IntoDatum, pg_sys};

use crate::datum::varlena_bytes;
use crate::error::{Report, code, did_you_mean, quoted};

/// The table of one installation of the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Store {
    pub schema: pg_sys::Oid,
    pub relation: pg_sys::Oid,
}

/// One row as the snapshot shows it.
pub struct Stored {
    pub version: i32,
    /// The payload of the jsonb.
    pub definition: Vec<u8>,
    pub xmin: pg_sys::TransactionId,
}

/// `saas` or `saas@12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference<'a> {
    pub name: &'a str,
    pub version: Option<i32>,
}

impl<'a> Reference<'a> {
    pub fn parse(text: &'a str) -> Reference<'a> {
        if text.trim_start().starts_with('{') {
            Report::new(
                code::UNDEFINED_OBJECT,
                "the model argument looks like a JSON document, but is read as a model's name",
            )
            .hint("Cast a document: health_score('{…}'::jsonb, …).")
            .raise();
        }
        let Some((name, version)) = text.rsplit_once('@') else {
            return Reference { name: text, version: None };
        };
        let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        match version.parse() {
            Ok(version) if digits => Reference { name, version: Some(version) },
            _ => Report::new(code::UNDEFINED_OBJECT, format!("{} is not a model and a version", quoted(text)))
                .hint("Write the version as a whole number after @, as in 'saas@12'.")
                .raise(),
        }
    }
}

/// The schema of the extension that a function is a member of, InvalidOid for none. It never changes: the extension is not
/// relocatable.
///
/// # Safety
/// Inside a transaction.
unsafe fn extension_schema(function: pg_sys::Oid) -> pg_sys::Oid {
    thread_local! {
        static LAST: Cell<(pg_sys::Oid, pg_sys::Oid)> = const { Cell::new((pg_sys::InvalidOid, pg_sys::InvalidOid)) };
    }
    let (last, schema) = LAST.get();
    if last == function {
        return schema;
    }
    // SAFETY: by this function's contract; the scan of the catalog is ended before its tuple goes out of use.
    unsafe {
        let extension = pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, function);
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyInit(
            &mut key,
            pg_sys::Anum_pg_extension_oid as pg_sys::AttrNumber,
            pg_sys::BTEqualStrategyNumber as pg_sys::StrategyNumber,
            pg_sys::F_OIDEQ.into(),
            pg_sys::Datum::from(extension),
        );
        let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
        let catalog = pg_sys::table_open(pg_sys::ExtensionRelationId, lock);
        let none = std::ptr::null_mut();
        let scan = pg_sys::systable_beginscan(catalog, pg_sys::ExtensionOidIndexId.into(), true, none, 1, &mut key);
        let tuple = pg_sys::systable_getnext(scan);
        let schema = match tuple.is_null() {
            true => pg_sys::InvalidOid,
            false => (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_extension>()).extnamespace,
        };
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(catalog, lock);
        LAST.set((function, schema));
        schema
    }
}

impl Store {
    /// The installation that a SQL function belongs to: the table is in the schema of CREATE EXTENSION, as public functions
    /// are; internal ones are not. No search_path is asked.
    pub fn of_function(function: pg_sys::Oid) -> Store {
        // SAFETY: catalog look-ups inside a transaction.
        unsafe {
            let table = |schema| pg_sys::get_relname_relid(c"health_model".as_ptr(), schema);
            let mut schema = pg_sys::get_func_namespace(function);
            let mut relation = table(schema);
            if relation == pg_sys::InvalidOid {
                schema = extension_schema(function);
                relation = table(schema);
            }
            if relation == pg_sys::InvalidOid {
                Report::new(
                    code::UNDEFINED_OBJECT,
                    "this function stands outside the schema of extension health_score",
                )
                .hint("Use the function that CREATE EXTENSION health_score made.")
                .raise();
            }
            Store { schema, relation }
        }
    }

    /// Raises 42501 unless the current user may read the models.
    pub fn check_rights(&self) {
        const SELECT: pg_sys::AclMode = pg_sys::ACL_SELECT as pg_sys::AclMode;
        // SAFETY: catalog look-ups inside a transaction; the name is a constant.
        unsafe {
            let result = pg_sys::pg_class_aclcheck(self.relation, pg_sys::GetUserId(), SELECT);
            if result != pg_sys::AclResult::ACLCHECK_OK {
                Report::new(code::INSUFFICIENT_PRIVILEGE, "permission denied for table health_model")
                    .hint("GRANT SELECT ON health_model, or pass a model document instead of a name.")
                    .raise();
            }
        }
    }

    /// Whether different users may see different models, so that nothing may be shared between them.
    pub fn has_row_security(&self) -> bool {
        // SAFETY: a catalog look-up inside a transaction; the tuple is released before it goes out of use.
        unsafe {
            let cache = pg_sys::SysCacheIdentifier::RELOID as i32;
            let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(self.relation));
            if tuple.is_null() {
                return true;
            }
            let class = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>();
            let enabled = (*class).relrowsecurity;
            pg_sys::ReleaseSysCache(tuple);
            enabled
        }
    }

    fn table(&self) -> String {
        // SAFETY: the schema exists; quote_identifier gives a C string in the call's memory.
        unsafe {
            let schema = pg_sys::get_namespace_name(self.schema);
            let quoted = CStr::from_ptr(pg_sys::quote_identifier(schema)).to_string_lossy();
            format!("{quoted}.health_model")
        }
    }

    /// The row that the active snapshot shows, if any.
    pub fn find(&self, reference: &Reference) -> Option<Stored> {
        let which = match reference.version {
            Some(_) => "version OPERATOR(pg_catalog.=) $2",
            None => "active",
        };
        let query = format!(
            "SELECT version, definition, xmin FROM {} WHERE name OPERATOR(pg_catalog.=) $1 AND {which}",
            self.table()
        );
        let row = |tuple: &Tuple| Stored {
            version: tuple.get(1).unwrap_or_default(),
            // SAFETY: the column is jsonb; the bytes are copied before SPI frees them.
            definition: tuple.datum(2).map(|datum| unsafe { varlena_bytes(datum) }.to_vec()).unwrap_or_default(),
            xmin: tuple.get::<pg_sys::TransactionId>(3).unwrap_or(pg_sys::InvalidTransactionId),
        };
        select(&query, reference.name, reference.version, row).pop()
    }

    /// Says what is wrong with a name or version that [`Self::find`] does not know.
    pub fn not_found(&self, reference: &Reference) -> ! {
        let query = format!(
            "SELECT version FROM {} WHERE name OPERATOR(pg_catalog.=) $1 ORDER BY version DESC LIMIT 1",
            self.table()
        );
        let latest: Option<i32> = select(&query, reference.name, None, |tuple| tuple.get(1)).pop().flatten();
        let name = quoted(reference.name);
        if let Some(latest) = latest {
            match reference.version {
                Some(version) => Report::new(code::UNDEFINED_OBJECT, format!("model {name} has no version {version}"))
                    .hint(format!("Its latest version is {latest}.")),
                None => {
                    Report::new(code::UNDEFINED_OBJECT, format!("model {name} has no active version")).hint(format!(
                        "Activate one: SELECT health_model_activate('{}', {latest}).",
                        reference.name.replace('\'', "''")
                    ))
                }
            }
            .raise();
        }
        let query = format!("SELECT DISTINCT name FROM {} WHERE $1 IS NOT NULL ORDER BY name LIMIT 1000", self.table());
        let names: Vec<String> = select(&query, "", None, |tuple| tuple.get(1).unwrap_or_default());
        let otherwise = if names.is_empty() {
            "Save one first: SELECT health_model_save('saas', health_template('saas'))."
        } else {
            "SELECT name, version FROM health_model WHERE active lists the models."
        };
        Report::new(code::UNDEFINED_OBJECT, format!("unknown model {name}"))
            .hint(did_you_mean(reference.name, names.iter().map(String::as_str), otherwise))
            .raise()
    }
}

/// One result row of SPI.
struct Tuple {
    tuple: pg_sys::HeapTuple,
    descriptor: pg_sys::TupleDesc,
}

impl Tuple {
    fn datum(&self, column: i32) -> Option<pg_sys::Datum> {
        let mut is_null = false;
        // SAFETY: row and descriptor come from the same SPI result, before SPI_finish.
        let datum = unsafe { pg_sys::SPI_getbinval(self.tuple, self.descriptor, column, &mut is_null) };
        (!is_null).then_some(datum)
    }

    fn get<T: FromDatum>(&self, column: i32) -> Option<T> {
        // SAFETY: the queries above fix the column types.
        self.datum(column).and_then(|datum| unsafe { T::from_datum(datum, false) })
    }
}

/// Runs a read-only query. The raw interface, because it must use the active snapshot whatever the transaction has
/// done: pgrx's takes a new one after the first write.
fn select<T>(query: &str, name: &str, version: Option<i32>, row: impl Fn(&Tuple) -> T) -> Vec<T> {
    let Ok(query) = CString::new(query) else {
        return Vec::new();
    };
    let mut types = [pg_sys::TEXTOID, pg_sys::INT4OID];
    let mut values = [name.into_datum().unwrap_or(pg_sys::Datum::from(0)), pg_sys::Datum::from(version.unwrap_or(0))];
    let count = if version.is_some() { 2 } else { 1 };
    // SAFETY: SPI is connected and finished around the query; on an error Postgres cleans it up at abort. A function
    // may be called without a snapshot (rarely); then the transaction's serves.
    unsafe {
        let pushed = !pg_sys::ActiveSnapshotSet();
        if pushed {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        pg_sys::SPI_connect();
        let null: *const std::ffi::c_char = std::ptr::null();
        let result = pg_sys::SPI_execute_with_args(
            query.as_ptr(),
            count,
            types.as_mut_ptr(),
            values.as_mut_ptr(),
            null,
            true,
            0,
        );
        let mut rows = Vec::new();
        if result == pg_sys::SPI_OK_SELECT as i32 && !pg_sys::SPI_tuptable.is_null() {
            let table = &*pg_sys::SPI_tuptable;
            for at in 0..pg_sys::SPI_processed as usize {
                rows.push(row(&Tuple { tuple: *table.vals.add(at), descriptor: table.tupdesc }));
            }
        }
        pg_sys::SPI_finish();
        if pushed {
            pg_sys::PopActiveSnapshot();
        }
        rows
    }
}
