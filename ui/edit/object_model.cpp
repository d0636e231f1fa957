#include "ui/edit/object_model.h"

#include <algorithm>

namespace fovea::ui {

using labels::Object;
using labels::ObjectId;

QString stateText(labels::State state) {
    switch (state) {
        case labels::State::ToReview:
            return ObjectModel::tr("To review");
        case labels::State::Accepted:
            return ObjectModel::tr("Accepted");
        case labels::State::Fixed:
            return ObjectModel::tr("Fixed");
        case labels::State::AcceptedUnseen:
            return ObjectModel::tr("Accepted unseen");
        case labels::State::Unsure:
            return ObjectModel::tr("Unsure");
        case labels::State::WrongShape:
            return ObjectModel::tr("Wrong shape");
        case labels::State::NothingHere:
            return ObjectModel::tr("Nothing here");
    }
    return {};
}

QString stateIcon(labels::State state) {
    switch (state) {
        case labels::State::ToReview:
            return "dots";
        case labels::State::Accepted:
        case labels::State::Fixed:
        case labels::State::AcceptedUnseen:
            return "check";
        case labels::State::Unsure:
            return "flag";
        case labels::State::WrongShape:
        case labels::State::NothingHere:
            return "x";
    }
    return {};
}

QString stateToken(labels::State state) {
    switch (state) {
        case labels::State::ToReview:
            return "muted";
        case labels::State::Accepted:
        case labels::State::Fixed:
        case labels::State::AcceptedUnseen:
            return "ok";
        case labels::State::Unsure:
            return "warn";
        case labels::State::WrongShape:
        case labels::State::NothingHere:
            return "bad";
    }
    return {};
}

QString sizeText(double value) {
    if (value <= 0) return QStringLiteral("0");
    if (value < 0.001) return QStringLiteral("<0.001");
    const int decimals = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    return QString::number(value, 'f', decimals);
}

ObjectModel::ObjectModel(QObject* parent) : QAbstractTableModel(parent) {}

int ObjectModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }
int ObjectModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant ObjectModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= int(rows_.size())) return {};
    const Object& object = rows_[size_t(index.row())];
    if (role == IdRole) return object.id;
    if (role == ColourRole) return object.colour;
    if (role == StateRole) return int(object.state);
    if (role == Qt::AccessibleTextRole)
        return tr("Object %1, %2, score %3").arg(object.id).arg(stateText(object.state)).arg(object.score, 0, 'f', 2);
    if (role == Qt::TextAlignmentRole) {
        const bool left = index.column() == Swatch || index.column() == State;
        return QVariant::fromValue(Qt::Alignment(Qt::AlignVCenter | (left ? Qt::AlignLeft : Qt::AlignRight)));
    }
    if (role != Qt::DisplayRole) return {};
    switch (index.column()) {
        case Id:
            return QString::number(object.id);
        case State:
            return stateText(object.state);
        case Score:
            return QString::number(object.score, 'f', 2);
        case VolumeUm3:
            return voxelUm3_ > 0 ? sizeText(double(object.voxels) * voxelUm3_) : QString::number(object.voxels);
        case Slices:
            return object.box.empty() ? QString() : QString("%1–%2").arg(object.box.begin.z + 1).arg(object.box.end.z);
        default:
            return {};
    }
}

QVariant ObjectModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(
            Qt::Alignment((section == State ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter));
    if (role != Qt::DisplayRole) return {};
    switch (section) {
        case Id:
            return tr("Id");
        case State:
            return tr("State");
        case Score:
            return tr("Score");
        case VolumeUm3:
            return voxelUm3_ <= 0 ? tr("Voxels") : flat_ ? tr("µm²") : tr("µm³");
        case Slices:
            return tr("Slices");
        default:
            return {};
    }
}

QString ObjectModel::widest(int column) const {
    std::int64_t id = 0, voxels = 0, last = 1;
    for (const Object& object : rows_) {
        id = std::max<std::int64_t>(id, object.id);
        voxels = std::max(voxels, object.voxels);
        last = std::max(last, object.box.end.z);
    }
    switch (column) {
        case Id:
            return QString::number(id);
        case Score:
            return QStringLiteral("0.00");
        case VolumeUm3:
            return voxelUm3_ > 0 ? std::max(sizeText(double(voxels) * voxelUm3_), QStringLiteral("<0.001"),
                                            [](const QString& a, const QString& b) { return a.size() < b.size(); })
                                 : QString::number(voxels);
        case Slices:
            return QString("%1–%1").arg(last);
        default:
            return {};
    }
}

void ObjectModel::sort(int column, Qt::SortOrder order) {
    sortColumn_ = column;
    sortOrder_ = order;
    Q_EMIT layoutAboutToBeChanged();
    const QModelIndexList before = persistentIndexList();
    QList<ObjectId> ids;
    for (const QModelIndex& index : before) ids << idAt(index.row());
    const auto key = [column](const Object& a) -> double {
        switch (column) {
            case State:
                return double(a.state) * 2 + a.score;  // the least certain first within a state
            case Score:
                return a.score;
            case VolumeUm3:
                return double(a.voxels);
            case Slices:
                return double(a.box.begin.z);
            default:
                return a.id;
        }
    };
    std::stable_sort(rows_.begin(), rows_.end(), [&](const Object& a, const Object& b) {
        const double ka = key(a), kb = key(b);
        if (ka == kb) return a.id < b.id;
        return order == Qt::AscendingOrder ? ka < kb : ka > kb;
    });
    renumber();
    for (int i = 0; i < before.size(); ++i)
        changePersistentIndex(before[i], index(rowById_[ids[i]], before[i].column()));
    Q_EMIT layoutChanged();
}

void ObjectModel::setVoxelSize(double um3, bool flat) {
    voxelUm3_ = um3;
    flat_ = flat;
    Q_EMIT headerDataChanged(Qt::Horizontal, VolumeUm3, VolumeUm3);
}

void ObjectModel::reset(const labels::ObjectTable& table) {
    beginResetModel();
    rows_.clear();
    rows_.reserve(table.size());
    for (const auto& [id, object] : table) rows_.push_back(object);
    renumber();
    endResetModel();
    sort(sortColumn_, sortOrder_);
}

void ObjectModel::update(const labels::ObjectTable& table, const std::vector<ObjectId>& ids) {
    for (const ObjectId id : ids) {
        const auto found = table.find(id);
        const int row = rowOf(id);
        if (found == table.end() && row >= 0) {
            beginRemoveRows({}, row, row);
            rows_.erase(rows_.begin() + row);
            renumber();
            endRemoveRows();
        } else if (found != table.end() && row < 0) {
            beginInsertRows({}, int(rows_.size()), int(rows_.size()));
            rowById_[id] = int(rows_.size());
            rows_.push_back(found->second);
            endInsertRows();
        } else if (found != table.end() && !(rows_[size_t(row)] == found->second)) {
            rows_[size_t(row)] = found->second;
            Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
        }
    }
}

int ObjectModel::rowOf(ObjectId id) const { return rowById_.value(id, -1); }
ObjectId ObjectModel::idAt(int row) const { return rows_[size_t(row)].id; }

void ObjectModel::renumber() {
    rowById_.clear();
    for (int row = 0; row < int(rows_.size()); ++row) rowById_[rows_[size_t(row)].id] = row;
}

}  // namespace fovea::ui
