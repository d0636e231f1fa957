#include "ui/panel/object_table_view.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <QStyledItemDelegate>
#include <algorithm>

#include "ui/theme/object_colours.h"
#include "ui/theme/theme.h"

namespace fovea::ui {

namespace {

constexpr int rowSide = 28;
constexpr int swatchSide = 10, swatchWidth = 24;
constexpr int cellPadding = 16, headPadding = 14, sortMark = 16;  // as the style sheet has them

Token tokenOf(const QString& name) {
    return name == "ok" ? Token::Ok : name == "warn" ? Token::Warn : name == "bad" ? Token::Bad : Token::Muted;
}

}  // namespace

// Draws the swatch and the icon before the state's word; everything else as the style says.
class ObjectTableView::Delegate : public QStyledItemDelegate {
  public:
    Delegate(Theme& theme, QObject* parent) : QStyledItemDelegate(parent), theme_(theme) {}

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        QStyleOptionViewItem plain = option;
        plain.state &= ~QStyle::State_HasFocus;
        const auto state = labels::State(index.data(ObjectModel::StateRole).toInt());
        if (index.column() == ObjectModel::State) {
            initStyleOption(&plain, index);
            const Token token = tokenOf(stateToken(state));
            plain.palette.setColor(QPalette::Text, theme_.colour(token));
            plain.palette.setColor(QPalette::HighlightedText, theme_.colour(token));
            plain.icon = QIcon(theme_.pixmap(stateIcon(state), 14, token, painter->device()->devicePixelRatioF()));
            plain.decorationSize = {14, 14};
            plain.features |= QStyleOptionViewItem::HasDecoration;
            plain.widget->style()->drawControl(QStyle::CE_ItemViewItem, &plain, painter, plain.widget);
            return;
        }
        QStyledItemDelegate::paint(painter, plain, index);
        if (index.column() != ObjectModel::Swatch) return;
        const QRectF cell = option.rect;
        const QRectF swatch(cell.center().x() - swatchSide / 2.0, cell.center().y() - swatchSide / 2.0, swatchSide,
                            swatchSide);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(QColor(objectColour(index.data(ObjectModel::ColourRole).toInt())));
        painter->drawRoundedRect(swatch, 2, 2);
        painter->restore();
    }

  private:
    Theme& theme_;
};

ObjectTableView::ObjectTableView(Theme& theme, QWidget* parent) : QTableView(parent), theme_(theme) {
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setItemDelegate(new Delegate(theme, this));
    setSelectionBehavior(SelectRows);
    setSelectionMode(SingleSelection);
    setEditTriggers(NoEditTriggers);
    setShowGrid(false);
    setFrameShape(NoFrame);
    setTabKeyNavigation(false);
    setVerticalScrollMode(ScrollPerPixel);
    verticalHeader()->hide();
    soon_.setSingleShot(true);
    connect(&soon_, &QTimer::timeout, this, &ObjectTableView::sizeColumns);
    connect(&theme, &Theme::changed, this, &ObjectTableView::sizeColumns);
    sizeColumns();
    horizontalHeader()->setHighlightSections(false);
    setAccessibleName(tr("Objects"));
}

void ObjectTableView::setObjects(ObjectModel* model) {
    objects_ = model;
    setModel(model);
    if (!model) return;
    QHeaderView* header = horizontalHeader();
    header->setSortIndicator(ObjectModel::State, Qt::AscendingOrder);
    setSortingEnabled(true);
    header->setMinimumSectionSize(swatchWidth);
    header->setSectionResizeMode(QHeaderView::Interactive);
    header->setSectionResizeMode(ObjectModel::State, QHeaderView::Stretch);
    sizeColumns();
    connect(header, &QHeaderView::sortIndicatorChanged, this, &ObjectTableView::sizeColumns, Qt::UniqueConnection);
    connect(model, &QAbstractItemModel::modelReset, this, &ObjectTableView::sizeColumns, Qt::UniqueConnection);
    connect(model, &QAbstractItemModel::headerDataChanged, this, &ObjectTableView::sizeColumns, Qt::UniqueConnection);
    connect(model, &QAbstractItemModel::rowsInserted, &soon_, qOverload<>(&QTimer::start), Qt::UniqueConnection);
    connect(model, &QAbstractItemModel::dataChanged, &soon_, qOverload<>(&QTimer::start), Qt::UniqueConnection);
    connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
        if (now.isValid()) Q_EMIT objectChosen(objects_->idAt(now.row()));
    });
}

// Every number is seen whole; State takes what is left.
void ObjectTableView::sizeColumns() {
    verticalHeader()->setDefaultSectionSize(theme_.size(rowSide));
    if (!objects_) return;
    setColumnWidth(ObjectModel::Swatch, swatchWidth);
    const QFontMetrics cells(theme_.font(TextRole::Body)), heads(theme_.font(TextRole::Small, QFont::DemiBold));
    const QString digits = "0123456789";
    const QChar widest = *std::max_element(digits.begin(), digits.end(), [&](QChar a, QChar b) {
        return cells.horizontalAdvance(a) < cells.horizontalAdvance(b);
    });
    for (const int column : {ObjectModel::Id, ObjectModel::Score, ObjectModel::VolumeUm3, ObjectModel::Slices}) {
        const QString head = objects_->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
        const bool sorted = horizontalHeader()->sortIndicatorSection() == column;
        QString text = objects_->widest(column);  // by its length: another number of it may have wider digits
        for (QChar& c : text)
            if (c.isDigit()) c = widest;
        setColumnWidth(column, std::max(cells.horizontalAdvance(text) + cellPadding,
                                        heads.horizontalAdvance(head) + headPadding + (sorted ? sortMark : 0)));
    }
}

void ObjectTableView::showObject(labels::ObjectId id) {
    if (!objects_) return;
    const int row = objects_->rowOf(id);
    const QSignalBlocker quiet(selectionModel());
    if (row < 0) {
        clearSelection();
    } else {
        setCurrentIndex(objects_->index(row, 0));
        scrollTo(objects_->index(row, 0));
    }
    viewport()->update();
}

void ObjectTableView::keyPressEvent(QKeyEvent* event) {
    const bool navigation = event->key() == Qt::Key_Up || event->key() == Qt::Key_Down;
    if (navigation)
        QTableView::keyPressEvent(event);
    else
        event->ignore();  // review keys
}

}  // namespace fovea::ui
