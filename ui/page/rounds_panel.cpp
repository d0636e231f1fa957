#include "ui/page/rounds_panel.h"

#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/theme/theme.h"
#include "ui/widget/labels.h"

namespace fovea::ui {

namespace {

constexpr int margin = 12;

void clear(QGridLayout* rows) {
    while (QLayoutItem* item = rows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
}

QVBoxLayout* makeColumn(QWidget* widget) {
    auto* column = new QVBoxLayout(widget);
    column->setContentsMargins(margin, 0, margin, 0);
    column->setSpacing(8);
    return column;
}

QGridLayout* makeRows(QVBoxLayout* column) {
    auto* rows = new QGridLayout;
    rows->setHorizontalSpacing(10);
    rows->setVerticalSpacing(6);
    rows->setColumnStretch(0, 1);
    column->addLayout(rows);
    return rows;
}

// A dash where nothing can be told.
QString score(const RoundFigures* figures, double RoundFigures::* value) {
    return figures && figures->tell() ? QString::number(figures->*value, 'f', 2) : QStringLiteral("–");
}

QString range(const RoundFigures& figures) {
    return figures.tell()
               ? QStringLiteral("%1–%2").arg(score(&figures, &RoundFigures::low), score(&figures, &RoundFigures::high))
               : score(&figures, &RoundFigures::low);
}

QString count(const RoundFigures& figures, int RoundFigures::* value) {
    return figures.tell() ? QString::number(figures.*value) : QStringLiteral("–");
}

}  // namespace

HelpPanel::HelpPanel(QWidget* parent) : QWidget(parent) {
    QVBoxLayout* column = makeColumn(this);
    rows_ = makeRows(column);
    note_ = makeParagraph({}, "hint");
    column->addWidget(note_);
}

void HelpPanel::setReport(const RoundReport& report) {
    clear(rows_);
    note_->setText(trustText(report));
    const RoundFigures *before = report.before(), *after = report.after();
    if (!before || !after) return;
    int row = 0;
    const auto addRow = [&](const QString& what, const QString& old, const QString& now, const char* look) {
        rows_->addWidget(makeLabel(what, "small"), row, 0);
        rows_->addWidget(makeLabel(old, "small"), row, 1, Qt::AlignRight);
        rows_->addWidget(makeLabel(now, look), row, 2, Qt::AlignRight);
        ++row;
    };
    // Colour says better or worse beside the number itself, which says the same.
    const auto look = [after](double gain) { return !after->tell() || gain == 0 ? "small" : gain > 0 ? "ok" : "bad"; };
    addRow({}, roundName(before->round), roundName(after->round), "small");
    addRow(tr("F1 at IoU 0.5"), score(before, &RoundFigures::f1), score(after, &RoundFigures::f1),
           look(after->f1 - before->f1));
    addRow(tr("may lie between"), range(*before), range(*after), "small");
    addRow(tr("Dice"), score(before, &RoundFigures::dice), score(after, &RoundFigures::dice),
           look(after->dice - before->dice));
    addRow(tr("Objects (true: %1)").arg(after->trueObjects), QString::number(before->objects),
           QString::number(after->objects), "small");
    addRow(tr("Merged by mistake"), count(*before, &RoundFigures::merges), count(*after, &RoundFigures::merges),
           look(before->merges - after->merges));
    addRow(tr("Split by mistake"), count(*before, &RoundFigures::splits), count(*after, &RoundFigures::splits),
           look(before->splits - after->splits));
}

RoundsPanel::RoundsPanel(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    QVBoxLayout* column = makeColumn(this);
    rows_ = makeRows(column);
    note_ = makeParagraph({}, "hint");
    column->addWidget(note_);
}

void RoundsPanel::setReport(const RoundReport& report, bool enabled) {
    clear(rows_);
    if (report.made.empty()) {
        note_->setText(tr("Every round is kept here and stays one click away."));
        return;
    }
    rows_->addWidget(makeLabel(tr("Model"), "hint"), 0, 0);
    rows_->addWidget(makeLabel(tr("F1"), "hint"), 0, 1, Qt::AlignRight);
    rows_->addWidget(makeLabel(tr("Dice"), "hint"), 0, 2, Qt::AlignRight);
    std::vector<int> rounds{0};
    rounds.insert(rounds.end(), report.made.begin(), report.made.end());
    int row = 1;
    for (const int round : rounds) {
        const RoundFigures* figures = report.of(round);
        const bool used = round == report.inUse;
        rows_->addWidget(makeLabel(roundName(round), used ? "strong" : "body"), row, 0);
        rows_->addWidget(makeLabel(score(figures, &RoundFigures::f1), "small"), row, 1, Qt::AlignRight);
        rows_->addWidget(makeLabel(score(figures, &RoundFigures::dice), "small"), row, 2, Qt::AlignRight);
        if (used) {
            rows_->addWidget(makeLabel(tr("in use"), "ok"), row, 3, Qt::AlignRight);
        } else {
            auto* use = makeButton(theme_, tr("Use"), "ghost");
            use->setObjectName(QString("use-round-%1").arg(round));
            use->setAccessibleName(tr("Use %1").arg(roundName(round)));
            use->setToolTip(tr("Shows and exports what %1 found. What you accepted, fixed or rejected stays.")
                                .arg(round > 0 ? tr("round %1").arg(round) : tr("the first search")));
            use->setEnabled(enabled);
            connect(use, &QPushButton::clicked, this, [this, round] { Q_EMIT useRound(round); });
            rows_->addWidget(use, row, 3, Qt::AlignRight);
        }
        ++row;
    }
    note_->setText(tr("%1 in use until you switch. Every round is kept and one click away.")
                       .arg(report.inUse > 0 ? tr("Round %1 stays").arg(report.inUse) : tr("The pseudo-labels stay")));
}

}  // namespace fovea::ui
