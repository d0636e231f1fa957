#include "ui/widget/job_tray.h"

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScreen>
#include <algorithm>

#include "ui/theme/theme.h"
#include "ui/widget/labels.h"
#include "ui/widget/progress_strip.h"

namespace fovea::ui {

QString textOf(const Text& text) {
    const QString pattern = QCoreApplication::translate("core", text.pattern.c_str());
    return QString::fromStdString(fill(pattern.toStdString(), text.args));
}

namespace {

bool isActive(const JobInfo& job) { return job.state == JobState::Waiting || job.state == JobState::Running; }

QString leftOf(const JobInfo& job) {
    return job.secondsLeft >= 0 ? QString::fromStdString(durationText(job.secondsLeft)) : QString();
}

QString stateText(const JobInfo& job) {
    switch (job.state) {
        case JobState::Waiting:
            return JobTray::tr("Waiting. Starts by itself.");
        case JobState::Running:
            break;
        case JobState::Done:
            return JobTray::tr("Done");
        case JobState::Failed:
            return QString::fromStdString(job.error);
        case JobState::Cancelled:
            return JobTray::tr("Cancelled");
    }
    QStringList parts;
    if (!job.what.empty()) parts << textOf(job.what);
    if (job.share >= 0) parts << QStringLiteral("%1 %").arg(qRound(job.share * 100));
    if (const QString left = leftOf(job); !left.isEmpty()) parts << JobTray::tr("%1 left").arg(left);
    return parts.join(QStringLiteral(" · "));
}

}  // namespace

JobChip::JobChip(Theme& theme, QWidget* parent) : Chip(theme, parent) {
    setClickable(true);
    hide();
}

void JobChip::setJobs(const std::vector<JobInfo>& jobs) {
    const auto count = std::count_if(jobs.begin(), jobs.end(), isActive);
    setVisible(count > 0);
    if (count == 0) return;
    // What runs and the person waits for first: the oldest running one, else the oldest waiting one.
    auto shown =
        std::find_if(jobs.begin(), jobs.end(), [](const JobInfo& job) { return job.state == JobState::Running; });
    if (shown == jobs.end()) shown = std::find_if(jobs.begin(), jobs.end(), isActive);
    QStringList parts{textOf(shown->title)};
    if (shown->share >= 0) parts << QStringLiteral("%1 %").arg(qRound(shown->share * 100));
    if (const QString left = leftOf(*shown); !left.isEmpty()) parts << left;
    if (count > 1) parts << tr("%1 more").arg(count - 1);
    set(parts.join(QStringLiteral(" · ")), QStringLiteral("refresh"), Tone::Accent);
}

class JobTray::Row : public QWidget {
  public:
    Row(Theme& theme, JobTray* tray, qint64 id) : QWidget(tray), theme_(theme) {
        auto* column = new QVBoxLayout(this);
        column->setContentsMargins(14, 8, 8, 10);
        column->setSpacing(4);
        auto* top = new QHBoxLayout;
        title_ = makeLabel({}, "strong", this);
        cancel_ = makeButton(theme, JobTray::tr("Cancel"), "plain", {}, this);
        cancel_->setProperty("extent", QStringLiteral("small"));
        top->addWidget(title_, 1);
        top->addWidget(cancel_);
        column->addLayout(top);
        bar_ = new ProgressStrip(theme, this, 6);
        column->addWidget(bar_);
        state_ = makeParagraph({}, "small", this);
        column->addWidget(state_);
        connect(cancel_, &QPushButton::clicked, this, [this, tray, id] {
            cancel_->setEnabled(false);
            cancel_->setText(JobTray::tr("Stopping"));
            Q_EMIT tray->cancelRequested(id);
        });
    }
    void show(const JobInfo& job) {
        title_->setText(textOf(job.title));
        cancel_->setVisible(isActive(job));
        bar_->setVisible(isActive(job));
        bar_->setShare(job.state == JobState::Waiting ? 0 : job.share);
        state_->setText(stateText(job));
        setLook(state_, "role",
                job.state == JobState::Failed ? QStringLiteral("bad")
                : job.state == JobState::Done ? QStringLiteral("ok")
                                              : QStringLiteral("small"));
        QWidget::show();
    }

  private:
    Theme& theme_;
    QLabel *title_, *state_;
    ProgressStrip* bar_;
    QPushButton* cancel_;
};

JobTray::JobTray(Theme& theme, QWidget* parent) : QFrame(parent, Qt::Popup), theme_(theme) {
    setProperty("kind", QStringLiteral("popup"));
    setFixedWidth(380);
    column_ = new QVBoxLayout(this);
    column_->setContentsMargins(2, 6, 2, 6);
    column_->setSpacing(0);
    empty_ = makeLabel(tr("Nothing runs."), "muted", this);
    empty_->setContentsMargins(14, 8, 14, 8);
    column_->addWidget(empty_);
}

void JobTray::setJobs(const std::vector<JobInfo>& jobs) {
    for (auto row = rows_.begin(); row != rows_.end();) {
        const bool there =
            std::any_of(jobs.begin(), jobs.end(), [&](const JobInfo& job) { return job.id == row.key(); });
        if (there) {
            ++row;
            continue;
        }
        delete row.value();
        row = rows_.erase(row);
    }
    for (const JobInfo& job : jobs) {
        Row*& row = rows_[job.id];
        if (!row) {
            row = new Row(theme_, this, job.id);
            column_->addWidget(row);
        }
        row->show(job);
    }
    empty_->setVisible(rows_.isEmpty());
    if (isVisible()) adjustSize();
}

void JobTray::popUpBelow(QWidget* anchor) {
    adjustSize();
    const QPoint below = anchor->mapToGlobal(QPoint(anchor->width(), anchor->height() + 4));
    const QRect screen = anchor->screen()->availableGeometry();
    const int x = std::clamp(below.x() - width(), screen.left(), std::max(screen.left(), screen.right() - width()));
    move(x, below.y());
    show();
}

}  // namespace fovea::ui
