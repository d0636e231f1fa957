#include "ui/theme/style_sheet.h"

namespace fovea::ui {

namespace {

// @token → colour, N$ → N pixels scaled with the text. Everything a widget of Qt shows in this window has a rule here.
const char* const sheet = R"(
* { font-family: "%FAMILY%"; font-size: 13$; }
QWidget { color: @text; }
QMainWindow, QDialog { background: @window; }
QToolTip { background: @raised; color: @text; border: 1px solid @lineStrong; padding: 4px 6px; }

QLabel { background: transparent; }
QLabel[role="hint"] { font-size: 11$; color: @faint; }
QLabel[role="small"] { font-size: 12$; color: @muted; }
QLabel[role="lead"] { font-size: 15$; color: @muted; }
QLabel[role="muted"] { color: @muted; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="section"] { font-weight: 600; font-size: 13$; }
QLabel[role="heading"] { font-weight: 600; font-size: 15$; }
QLabel[role="title"] { font-weight: 600; font-size: 20$; }
QLabel[role="headline"] { font-weight: 600; font-size: 34$; }
QLabel[role="fixed"] { font-family: "%FIXED%"; font-size: 11$; color: @muted; }
QLabel[role="warn"] { color: @warn; font-size: 12$; }
QLabel[role="ok"] { color: @ok; font-size: 12$; }
QLabel[role="bad"] { color: @bad; font-size: 12$; }

QFrame[kind="card"] { background: @raised; border: 1px solid @line; border-radius: 8px; }
QFrame[kind="panel"], QWidget[kind="panel"] { background: @panel; border: none; }
QFrame[kind="bar"] { background: @panel; border: none; }
QFrame[kind="field"] { background: @field; border: 1px solid @line; border-radius: 6px; }
QFrame[kind="drop"] { background: transparent; border: 2px dashed @accent; border-radius: 10px; }
QFrame[kind="line"] { background: @line; border: none; max-height: 1px; min-height: 1px; }
QFrame[kind="popup"] { background: @raised; border: 1px solid @lineStrong; border-radius: 8px; }

QPushButton { background: @raised; color: @text; border: 1px solid @lineStrong; border-radius: 6px; padding: 0 12px;
  min-height: 28$; font-weight: 500; }
QPushButton:hover { background: @hover; }
QPushButton:pressed { background: @accentSoft; }
QPushButton:disabled { color: @faint; border-color: @line; background: transparent; }
QPushButton:focus { border: 2px solid @accent; padding: 0 11px; min-height: 26$; }
QPushButton:checked { background: @accentSoft; border-color: @accent; }
QPushButton[kind="primary"] { background: @accent; color: @onAccent; border: 1px solid @accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { background: @accentHover; border-color: @accentHover; }
QPushButton[kind="primary"]:disabled { background: @hover; color: @faint; border-color: @hover; }
QPushButton[kind="primary"]:focus { border: 2px solid @text; }
QPushButton[kind="ghost"] { background: transparent; border: 1px solid transparent; color: @muted; padding: 0 6px; font-weight: 400; }
QPushButton[kind="ghost"]:hover { color: @text; background: @hover; }
QPushButton[kind="ghost"]:focus { border: 2px solid @accent; padding: 0 5px; }
QPushButton[kind="danger"] { color: @bad; border-color: @bad; }
QPushButton[extent="small"] { min-height: 24$; font-size: 12$; padding: 0 10px; }
QPushButton[extent="large"] { min-height: 36$; padding: 0 18px; }
QPushButton[extent="large"]:focus { min-height: 34$; padding: 0 17px; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 3px; color: @text; }
QToolButton:hover { background: @hover; }
QToolButton:checked { background: @accentSoft; }
QToolButton:focus { border-color: @accent; }
QToolButton:disabled { color: @faint; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox { background: @field; color: @text; border: 1px solid @lineStrong;
  border-radius: 6px; padding: 0 8px; min-height: 26$; selection-background-color: @accent; selection-color: @onAccent; }
QPlainTextEdit, QTextEdit { padding: 6px 8px; }
QPlainTextEdit[role="fixed"] { font-family: "%FIXED%"; font-size: 11$; color: @muted; background: @panel; border: none; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus { border: 1px solid @accent; }
QLineEdit[state="doubt"] { border: 1px solid @warn; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; border: none; }

QComboBox { background: @field; color: @text; border: 1px solid @lineStrong; border-radius: 6px; padding: 0 8px; min-height: 26$; }
QComboBox:hover { background: @hover; }
QComboBox:disabled { color: @faint; border-color: @line; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url(@downArrow); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: @raised; color: @text; border: 1px solid @lineStrong; outline: none;
  selection-background-color: @accentSoft; selection-color: @text; }

QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid @lineStrong; background: @field; }
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked, QRadioButton::indicator:checked { background: @accent; border-color: @accent; }
QCheckBox:focus, QRadioButton:focus { color: @accent; }

QSlider { background: transparent; min-height: 22px; }
QSlider::groove:horizontal { height: 4px; background: @hover; border-radius: 2px; }
QSlider::sub-page:horizontal { height: 4px; background: @accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; background: @text; }
QSlider::handle:horizontal:focus { background: @accent; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @scroll; border-radius: 3px; margin: 2px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: @lineStrong; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea { background: @panel; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }

QMenuBar { background: transparent; color: @text; padding: 0 4px; }
QMenuBar::item { padding: 5px 10px; border-radius: 6px; background: transparent; }
QMenuBar::item:selected { background: @hover; }
QMenu { background: @raised; color: @text; border: 1px solid @lineStrong; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: @accentSoft; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }

QHeaderView { background: @panel; border: none; }
QHeaderView::section { background: @panel; color: @muted; border: none; border-bottom: 1px solid @line; padding: 4px 6px; font-size: 12$;
  font-weight: 500; }
QTableView, QListView, QTreeView { background: @panel; color: @text; border: none; gridline-color: @line; outline: none;
  selection-background-color: @accentSoft; selection-color: @text; alternate-background-color: @panel; }
QTableView::item, QTreeView::item { border: none; border-bottom: 1px solid @line; padding: 0 4px; }
QListView::item { padding: 4px 8px; }
QTableView::item:selected, QListView::item:selected, QTreeView::item:selected { background: @accentSoft; color: @text; }
QTableCornerButton::section { background: @panel; border: none; }

QDockWidget { color: @text; titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: @panel; padding: 8px 12px; border-bottom: 1px solid @line; }
QMainWindow::separator { background: @line; width: 1px; height: 1px; }
QSplitter::handle { background: @line; }
QStatusBar { background: @panel; border-top: 1px solid @line; }
QStatusBar::item { border: none; }
QProgressBar { background: @hover; border: none; border-radius: 3px; max-height: 6px; text-align: center; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QTabBar::tab { background: transparent; color: @muted; padding: 6px 12px; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabWidget::pane { border: none; border-top: 1px solid @line; }
QGroupBox { border: 1px solid @line; border-radius: 8px; margin-top: 8px; padding-top: 8px; }
)";

// Lengths written as "13$" become "13px" times the scale.
QString scaled(QString text, double scale) {
    qsizetype at = 0;
    while ((at = text.indexOf(QLatin1Char('$'), at)) >= 0) {
        qsizetype begin = at;
        while (begin > 0 && text[begin - 1].isDigit()) --begin;
        const QString length =
            QString::number(qRound(text.mid(begin, at - begin).toInt() * scale)) + QStringLiteral("px");
        text.replace(begin, at - begin + 1, length);
        at = begin + length.size();
    }
    return text;
}

}  // namespace

QString styleSheet(bool dark, double textScale, const QString& family, const QString& fixedFamily) {
    QString text = scaled(QString::fromLatin1(sheet), textScale);
    text.replace(QLatin1String("%FAMILY%"), family).replace(QLatin1String("%FIXED%"), fixedFamily);
    const auto replace = [&text](const char* name, const QString& value) {
        // Whole names only: "@ok" must not eat the head of "@okSoft".
        const QString key = QLatin1Char('@') + QLatin1String(name);
        qsizetype at = 0;
        while ((at = text.indexOf(key, at)) >= 0) {
            const qsizetype after = at + key.size();
            if (after < text.size() && text[after].isLetter())
                at = after;
            else
                text.replace(at, key.size(), value), at += value.size();
        }
    };
    for (const TokenRow& row : tokenTable())
        replace(row.name,
                tokenColour(row.token, dark)
                    .name(row.token == Token::Hud || row.token == Token::Scrim ? QColor::HexArgb : QColor::HexRgb));
    replace("accentHover", tokenColour(Token::Accent, dark).lighter(dark ? 110 : 115).name());
    replace("scroll", tokenColour(Token::LineStrong, dark).darker(dark ? 150 : 80).name());
    replace("downArrow", dark ? QStringLiteral(":/fovea/controls/down_dark.svg")
                              : QStringLiteral(":/fovea/controls/down_light.svg"));
    return text;
}

}  // namespace fovea::ui
