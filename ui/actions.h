#pragma once
#include <QAction>
#include <QHash>
#include <QObject>
#include <QString>
#include <functional>
#include <span>

namespace fovea::ui {

// One user action: menus, tool tips and shortcuts are built from this row and nothing else.
struct ActionRow {
    const char* id;
    const char* text;
    const char* context;  // "app", "project", "review", "train"
    const char* keys;     // "Ctrl+Shift+Z; Ctrl+Y", empty when none
    const char* menu;     // "Edit", empty when in no menu
    const char* icon;     // name in resources/icons, empty when none
};

std::span<const ActionRow> actionTable();

// The QActions of the table. Actions of a context are attached to the widget of that context, so that a bare letter
// acts only while its page has the focus; text fields keep their letters.
class Actions : public QObject {
    Q_OBJECT
  public:
    explicit Actions(QObject* parent = nullptr);

    QAction* action(const QString& id) const;  // never null for an id of the table; asserts otherwise
    void on(const QString& id, std::function<void()> f);
    // A disabled action says in its tool tip what is missing.
    void setEnabled(const QString& id, bool enabled, const QString& reason = {});
    void attach(const char* context, QWidget* widget);
    // Runs an action as its key would; false when it is disabled. For tests and the next-step button.
    bool trigger(const QString& id);

  private:
    QHash<QString, QAction*> actions_;
    QHash<QString, QString> tips_;
};

}  // namespace fovea::ui
