#pragma once
#include <QTableView>
#include <QTimer>

#include "ui/edit/object_model.h"

namespace fovea::ui {

class Theme;

// The object table: swatch, state icon with word, numbers right. Clicking a row asks for its object. Letters stay free
// for the review keys.
class ObjectTableView : public QTableView {
    Q_OBJECT
  public:
    ObjectTableView(Theme& theme, QWidget* parent = nullptr);
    void setObjects(ObjectModel* model);
    // Selects and shows the row without asking for it again.
    void showObject(labels::ObjectId id);

  Q_SIGNALS:
    void objectChosen(std::int32_t id);

  protected:
    void keyPressEvent(QKeyEvent* event) override;
    void keyboardSearch(const QString&) override {}

  private:
    class Delegate;
    void sizeColumns();
    Theme& theme_;
    ObjectModel* objects_ = nullptr;
    QTimer soon_;  // columns are sized once for many rows that changed
};

}  // namespace fovea::ui
