//! Reading health_model: one stored document, under the active snapshot, with the rights of the current user. Nothing
//! is kept here from one call to the next.

use std::ffi::CStr;

use pgrx::{IntoDatum, pg_sys};

use crate::pg::catalog::table_of;
use crate::pg::datum::varlena_bytes;
use crate::pg::error::{Report, code, did_you_mean, quoted};
use crate::pg::spi::{Connection, FetchedRow};

/// The table of one installation of the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelStore {
    schema: pg_sys::Oid,
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
            _ => Report::new(code::UNDEFINED_OBJECT, format!("{} is not of the form name@version", quoted(text)))
                .hint("Write the version as a whole number after @, as in 'saas@12'.")
                .raise(),
        }
    }
}

impl ModelStore {
    /// The installation that a SQL function belongs to; no search_path is asked.
    pub fn of_function(function: pg_sys::Oid) -> ModelStore {
        let Some((schema, relation)) = table_of(function, c"health_model") else {
            Report::new(code::UNDEFINED_OBJECT, "this function is outside the schema of extension health_score")
                .hint("Use the function that CREATE EXTENSION health_score made.")
                .raise()
        };
        ModelStore { schema, relation }
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
        let row = |row: &FetchedRow| Stored {
            version: row.get(0).unwrap_or_default(),
            // SAFETY: the column is jsonb; the bytes are copied before SPI frees them.
            definition: row.datum(1).map(|datum| unsafe { varlena_bytes(datum) }.to_vec()).unwrap_or_default(),
            xmin: row.get::<pg_sys::TransactionId>(2).unwrap_or(pg_sys::InvalidTransactionId),
        };
        select(&query, reference.name, reference.version, row).pop()
    }

    /// Raises the error for a name or version that [`Self::find`] does not know.
    pub fn not_found(&self, reference: &Reference) -> ! {
        let query = format!(
            "SELECT version FROM {} WHERE name OPERATOR(pg_catalog.=) $1 ORDER BY version DESC LIMIT 1",
            self.table()
        );
        let latest: Option<i32> = select(&query, reference.name, None, |row| row.get(0)).pop().flatten();
        let name = quoted(reference.name);
        if let Some(latest) = latest {
            match reference.version {
                Some(version) => Report::new(code::UNDEFINED_OBJECT, format!("model {name} has no version {version}"))
                    .hint(format!("The latest version is {latest}.")),
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
        let names: Vec<String> = select(&query, "", None, |row| row.get(0).unwrap_or_default());
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

/// Runs a query over a name and perhaps a version.
fn select<T>(query: &str, name: &str, version: Option<i32>, row: impl Fn(&FetchedRow) -> T) -> Vec<T> {
    let mut arguments = vec![(pg_sys::TEXTOID, name.into_datum().unwrap_or(pg_sys::Datum::from(0)))];
    arguments.extend(version.map(|version| (pg_sys::INT4OID, pg_sys::Datum::from(version))));
    Connection::open().select(query, &arguments, row)
}
