#include "ui/panel/voxel_size_form.h"

#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/theme/theme.h"
#include "ui/view/scale_bar.h"
#include "ui/widget/controls.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr int edge = 12, chipHeight = 40, fieldWidth = 84, formWidth = 420;
constexpr double most = 1e6, nmPerUm = 1000;
enum Unit { Nanometres, Micrometres };

// Without zeros at the end: "4.6", "50". 0 is shown as nothing: not given.
class SizeBox : public QDoubleSpinBox {
  public:
    SizeBox() {
        setRange(0, most);
        setDecimals(4);
        setSpecialValueText(QStringLiteral(" "));
        setButtonSymbols(NoButtons);
    }
    QString textFromValue(double value) const override {
        QLocale plain = locale();
        plain.setNumberOptions(QLocale::OmitGroupSeparator);
        return plain.toString(value, 'g', 8);
    }
};

}  // namespace

VoxelSizeForm::VoxelSizeForm(Theme& theme, QWidget* parent) : QFrame(parent), theme_(theme) {
    setObjectName("voxelSize");
    setProperty("kind", "popup");
    setAttribute(Qt::WA_StyledBackground);
    setCursor(Qt::ArrowCursor);
    setAccessibleName(tr("Voxel size"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 12, 16, 12);
    column->setSpacing(8);
    title_ = makeLabel({}, "section");
    column->addWidget(title_);
    reason_ = makeParagraph({}, "small");
    column->addWidget(reason_);
    auto* row = new QHBoxLayout;
    row->setSpacing(6);
    const char* axes[] = {"z", "y", "x"};
    for (int axis = 0; axis < 3; ++axis) {
        auto* field = fields_[std::size_t(axis)] = new SizeBox;
        field->setMinimumWidth(theme.size(fieldWidth));
        field->setAccessibleName(tr("Size of a voxel along %1").arg(QLatin1String(axes[axis])));
        names_[std::size_t(axis)] = makeLabel(QLatin1String(axes[axis]), "muted");
        names_[std::size_t(axis)]->setBuddy(field);
        row->addWidget(names_[std::size_t(axis)]);
        row->addWidget(field, 1);
        connect(field, &QDoubleSpinBox::valueChanged, this, [this, axis](double value) {
            if (axis == 2) xGiven_ = value > 0;
            if (axis == 1 && !xGiven_) fill(2, value);
            refresh();
        });
    }
    unit_ = new SegmentedControl(theme, {tr("nm"), tr("µm")});
    unit_->setAccessibleName(tr("Unit"));
    connect(unit_, &SegmentedControl::chosen, this, &VoxelSizeForm::refresh);
    row->addWidget(unit_);
    column->addLayout(row);
    whole_ = makeParagraph({}, "hint");
    column->addWidget(whole_);
    auto* buttons = new QHBoxLayout;
    set_ = makeButton(theme, tr("Set voxel size"), "primary");
    leave_ = makeButton(theme, tr("Go on in voxels"), "ghost");
    connect(set_, &QPushButton::clicked, this, &VoxelSizeForm::give);
    connect(leave_, &QPushButton::clicked, this, [this] {
        hide();
        Q_EMIT leftOpen();
    });
    buttons->addWidget(set_);
    buttons->addWidget(leave_);
    buttons->addStretch();
    column->addLayout(buttons);
    connect(&theme, &Theme::changed, this, &VoxelSizeForm::place);
    hide();
}

void VoxelSizeForm::ask(Index shape, const std::optional<Vec3>& known) {
    shape_ = shape;
    const bool flat = shape.z < 2;
    title_->setText(flat ? tr("How large is a pixel?") : tr("How large is a voxel?"));
    names_[0]->setVisible(!flat);
    fields_[0]->setVisible(!flat);
    reason_->setText(known ? tr("Replaces what the file says.")
                           : tr("The file does not say it, so lengths and volumes cannot be told."));
    leave_->setText(known ? tr("Leave it") : tr("Go on in voxels"));
    const bool large = known && std::min(known->y, known->x) >= 1;
    unit_->setCurrent(large ? Micrometres : Nanometres);
    xGiven_ = known.has_value();
    for (int axis = 0; axis < 3; ++axis) fill(axis, known ? (*known)[axis] * (large ? 1 : nmPerUm) : 0);
    refresh();
    show();
    place();
    fields_[flat ? 1 : 0]->setFocus(Qt::OtherFocusReason);
    fields_[flat ? 1 : 0]->selectAll();
}

void VoxelSizeForm::setBusy(bool busy) {
    busy_ = busy;
    refresh();
}

void VoxelSizeForm::setPlace(const QRect& view) {
    view_ = view;
    place();
}

// Without the signal, so that x goes on following y.
void VoxelSizeForm::fill(int axis, double value) {
    const QSignalBlocker quiet(fields_[std::size_t(axis)]);
    fields_[std::size_t(axis)]->setValue(value);
}

Vec3 VoxelSizeForm::size() const {
    const double um = unit_->current() == Nanometres ? 1 / nmPerUm : 1;
    Vec3 size{fields_[0]->value() * um, fields_[1]->value() * um, fields_[2]->value() * um};
    if (shape_.z < 2) size.z = std::min(size.y, size.x);
    return size;
}

void VoxelSizeForm::refresh() {
    const Vec3 um = size();
    const bool complete = um.z > 0 && um.y > 0 && um.x > 0;
    set_->setEnabled(complete && !busy_);
    set_->setToolTip(busy_      ? tr("The running job reads the image. Set the size when it has ended, or stop it.")
                     : complete ? QString()
                                : tr("Give a size for each axis first."));
    if (busy_)
        whole_->setText(tr("A job is reading the image; the size can be set when it has ended."));
    else if (!complete)
        whole_->setText(tr("x follows y until you give it yourself."));
    else if (shape_.z < 2)
        whole_->setText(tr("The whole image is then %1 high and %2 wide.")
                            .arg(lengthText(um.y * double(shape_.y)), lengthText(um.x * double(shape_.x))));
    else
        whole_->setText(tr("The whole volume is then %1 deep, %2 high and %3 wide.")
                            .arg(lengthText(um.z * double(shape_.z)), lengthText(um.y * double(shape_.y)),
                                 lengthText(um.x * double(shape_.x))));
    place();
}

void VoxelSizeForm::give() {
    if (!set_->isEnabled()) return;
    hide();
    Q_EMIT given(size());
}

// The page has these keys too; here they are the form's.
bool VoxelSizeForm::event(QEvent* event) {
    if (event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Return || key == Qt::Key_Enter || key == Qt::Key_Escape) event->accept();
    }
    return QFrame::event(event);
}

void VoxelSizeForm::keyPressEvent(QKeyEvent* event) {
    if (event->key() == Qt::Key_Escape) return hide();
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) return give();
    QFrame::keyPressEvent(event);
}

// Above the chip that asks for it, where the scale bar will be.
void VoxelSizeForm::place() {
    if (view_.isEmpty() || isHidden()) return;
    layout()->activate();
    // Over the views beside a narrow one, before anything is cut off.
    const int width =
        std::max(std::min(theme_.size(formWidth), view_.width() - 2 * edge), layout()->totalMinimumSize().width());
    const int height = std::max(sizeHint().height(), heightForWidth(width));
    setGeometry(std::max(edge, view_.right() - edge - width + 1), view_.bottom() - theme_.size(chipHeight) - height,
                width, height);
    raise();
}

}  // namespace fovea::ui
