//! The nodes of a snapshot in JSON: those that lie side by side in one node are one entry, unless the
//! principal owns them. A page reads a third of the text by that, and has a tenth of the objects.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::NodeRecord;
use crate::LevelName;

/// A node, or several in the same one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename = "NodesRecord")]
pub(super) struct Entry<'a> {
    /// The node's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, str>>,
    /// In its place: the ids of several, none of which the principal owns (from format 3 on).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<Cow<'a, str>>>,
    /// Their level.
    level: LevelName,
    /// Id of the node they lie in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<Cow<'a, str>>,
    /// Whether the principal owns it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    owned: bool,
}

pub(super) fn serialize<S: Serializer>(
    nodes: &[NodeRecord],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for node in nodes {
        let id = Cow::Borrowed(node.id.as_str());
        let parent = node.parent.as_deref().map(Cow::Borrowed);
        let last = entries.last_mut();
        let beside = last.filter(|last| {
            !node.owned && !last.owned && last.level == node.level && last.parent == parent
        });
        if let Some(last) = beside {
            let first = last.id.take();
            let ids = last.ids.get_or_insert_default();
            ids.extend(first.into_iter().chain([id]));
        } else {
            entries.push(Entry {
                id: Some(id),
                ids: None,
                level: node.level,
                parent,
                owned: node.owned,
            });
        }
    }
    entries.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<NodeRecord>, D::Error> {
    let mut nodes = Vec::new();
    for entry in Vec::<Entry<'de>>::deserialize(deserializer)? {
        let Entry {
            level,
            parent,
            owned,
            ..
        } = entry;
        let ids = match (entry.id, entry.ids) {
            (Some(id), None) => vec![id],
            (None, Some(ids)) if !owned => ids,
            _ => return Err(D::Error::custom("a node has `id`, several have `ids`")),
        };
        let parent = parent.map(String::from);
        nodes.extend(ids.into_iter().map(|id| NodeRecord {
            id: id.into(),
            level,
            parent: parent.clone(),
            owned,
        }));
    }
    Ok(nodes)
}
