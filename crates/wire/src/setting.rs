//! Settings of an organization or a workspace, and the bodies of their routes. Times are Unix milliseconds.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{directory::present, unique_map};

/// What a setting is, by its kind. Nothing here is secret: a secret stands beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SettingValue {
    /// How to reach a database; its password is the secret.
    Database(DatabaseSetting),
    /// What people may say about data.
    Feedback(FeedbackSetting),
    /// A preference of the product's own.
    Preference(PreferenceSetting),
    /// An AI provider; its key is the secret.
    Provider(ProviderSetting),
    /// Any other secret.
    Secret(SecretSetting),
}

impl SettingValue {
    /// The kind's name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Database(_) => "database",
            Self::Feedback(_) => "feedback",
            Self::Preference(_) => "preference",
            Self::Provider(_) => "provider",
            Self::Secret(_) => "secret",
        }
    }

    /// Whether such a setting may have a secret.
    #[must_use]
    pub const fn takes_secret(&self) -> bool {
        matches!(
            self,
            Self::Database(_) | Self::Provider(_) | Self::Secret(_)
        )
    }
}

/// How to reach a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DatabaseSetting {
    /// Which product it is, for example `clickhouse`.
    pub engine: String,
    /// Host name or address, without scheme and port.
    pub host: String,
    /// Port, 1 to 65535.
    pub port: u16,
    /// The database's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Who connects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For what it is, for example `production`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Whether the connection is encrypted; it is, when absent.
    #[serde(default = "encrypted")]
    pub tls: bool,
}

const fn encrypted() -> bool {
    true
}

/// An AI provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderSetting {
    /// Which one, for example `openai`.
    pub provider: String,
    /// Where it answers, an https address without credentials, query and fragment; the provider's own, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Any other secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SecretSetting {
    /// For what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What people may say about data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FeedbackSetting {
    /// For what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What may be said.
    pub scale: FeedbackScale,
}

/// What may be said in a feedback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FeedbackScale {
    /// Yes or no.
    Boolean,
    /// One of these words, each with what it counts; 2 to 50.
    Categories(#[serde(deserialize_with = "unique_map::deserialize")] BTreeMap<String, f64>),
    /// A number within these bounds.
    Numbers(NumbersScale),
}

/// The bounds of a numeric feedback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NumbersScale {
    /// The least.
    pub min: f64,
    /// The most, above `min`.
    pub max: f64,
}

/// A preference of the product's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PreferenceSetting {
    /// On or off.
    Boolean(bool),
    /// A whole number of at most 53 bits.
    Integer(i64),
    /// Words, at most 50.
    List(Vec<String>),
    /// A text.
    Text(String),
}

/// A secret as somebody sends it. It is written nowhere: it can be neither serialized nor printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// The secret itself, to be sealed.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(redacted)")
    }
}

/// PUT `…/settings/{setting}`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingRequest {
    /// What it is from now on; its kind stays.
    pub value: SettingValue,
    /// Its secret from now on; `null` takes it away, absent it stays.
    #[serde(default, deserialize_with = "present")]
    pub secret: Option<Option<SecretText>>,
}

/// PUT `…/current-database`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrentDatabaseRequest {
    /// Name of the setting that is to be the current database.
    pub name: String,
}

/// A setting, its secret masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingView {
    /// Its name, which it alone has in its place.
    pub name: String,
    /// Id of the workspace whose setting it is; absent for the organization's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// What it is.
    pub value: SettingValue,
    /// Its secret, if it has one.
    pub secret: Option<MaskedView>,
    /// Whether it is the current one of the databases in its place.
    pub current: bool,
    /// Id of who changed it last.
    pub changed_by: String,
    /// When that was.
    pub changed_at_ms: i64,
    /// The epoch of its last change; in quotes it is the entity tag for `If-Match`.
    pub epoch: i64,
}

/// That there is a secret, and nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedView {
    /// Always the same text.
    pub masked: String,
    /// When the secret was set.
    pub set_at_ms: i64,
}

/// GET `…/configuration`: what a program runs with, secrets in clear.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigurationView {
    /// The epoch at which a setting of the organization changed last; in quotes it is the entity tag for `If-None-Match`.
    pub epoch: i64,
    /// Name of the current database, if there is one.
    pub current_database: Option<String>,
    /// The settings of the place by their names.
    pub settings: BTreeMap<String, ConfiguredView>,
}

/// A setting with its secret.
#[derive(Clone, PartialEq, Serialize)]
pub struct ConfiguredView {
    /// What it is.
    pub value: SettingValue,
    /// Its secret in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl fmt::Debug for ConfiguredView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfiguredView")
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// POST `/v1/operator/organizations/{org}/settings/reseal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResealView {
    /// How many secrets were sealed anew.
    pub resealed: u32,
    /// How many are still sealed with an earlier key.
    pub left: u32,
}
