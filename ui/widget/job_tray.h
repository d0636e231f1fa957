#pragma once
#include <QFrame>
#include <QHash>
#include <vector>

#include "base/job_queue.h"
#include "ui/widget/chip.h"

class QVBoxLayout;

namespace fovea::ui {

// Translates a core text's pattern (context "core") and fills it.
QString textOf(const Text& text);

// In the menu row while jobs run: "Find objects · 62 % · 4 min".
class JobChip : public Chip {
    Q_OBJECT
  public:
    explicit JobChip(Theme& theme, QWidget* parent = nullptr);
    // Hides itself when nothing waits or runs.
    void setJobs(const std::vector<JobInfo>& jobs);
};

// The pop-up under the chip, 380 wide: one row per job with bar, time left and Cancel.
class JobTray : public QFrame {
    Q_OBJECT
  public:
    explicit JobTray(Theme& theme, QWidget* parent = nullptr);
    void setJobs(const std::vector<JobInfo>& jobs);
    int rowCount() const { return int(rows_.size()); }
    // Opens below `anchor`, right edges aligned.
    void popUpBelow(QWidget* anchor);

  Q_SIGNALS:
    void cancelRequested(qint64 id);

  private:
    class Row;
    Theme& theme_;
    QVBoxLayout* column_;
    QWidget* empty_;
    QHash<qint64, Row*> rows_;
};

}  // namespace fovea::ui
