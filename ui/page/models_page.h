#pragma once
#include <QWidget>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/job_queue.h"
#include "models/add_model.h"

class QCheckBox;
class QLabel;
class QPushButton;
class QTableWidget;
class QVBoxLayout;

namespace fovea::ui {

class Theme;

// Published models and the person's own: what each is for, its licence, whether it is here; fetching, adding, removing.
// Long work runs as jobs of the tray. Where nobody says where models are kept, it says so and is disabled.
class ModelsPage : public QWidget {
    Q_OBJECT
  public:
    ModelsPage(Theme& theme, JobQueue& jobs, QWidget* parent = nullptr);
    // Reads the folder of models again.
    void refresh();
    // What runs now: downloads show how far they are.
    void setJobs(const std::vector<JobInfo>& jobs);
    // Adds weights files that were dropped or chosen.
    void add(const QStringList& paths);
    void choose(const QString& id);  // a row
    // By its name: what dropped on the window belongs here.
    static bool looksLikeWeights(const QString& path);

  Q_SIGNALS:
    void said(const QString& text);
    void failed(const QString& text);

  protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

  private:
    enum Column { Name, Use, Size, LicenceColumn, StateColumn };
    QWidget* makeTable();
    QWidget* makeDetails();
    void fillTable();
    void fillDetails();
    void fillState(int row, const models::Model& model);
    const models::Model* chosen() const;
    void fetch();
    void chooseFile();
    void removeChosen();
    // Runs work on the store in the background; `id` is the model it is about, empty when not known yet.
    void start(const QString& id, const Text& title, std::function<std::vector<models::Added>(Job&)> work);

    Theme& theme_;
    JobQueue& jobs_;
    std::optional<models::ModelStore> store_;  // absent where there is no place for it
    std::vector<models::Model> models_;
    std::vector<const models::Model*> shown_;
    std::map<std::int64_t, QString> running_;  // job to model
    std::map<QString, QString> progress_;      // model to "64 % · about 20 s"
    int filter_ = 0;
    QTableWidget* table_ = nullptr;
    QLabel *summary_ = nullptr, *disk_ = nullptr;
    QLabel *title_ = nullptr, *use_ = nullptr, *licence_ = nullptr, *licenceText_ = nullptr, *facts_ = nullptr;
    QCheckBox* accept_ = nullptr;
    QPushButton *get_ = nullptr, *source_ = nullptr, *remove_ = nullptr;
};

}  // namespace fovea::ui
