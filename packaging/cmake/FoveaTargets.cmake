# The three kinds of target in this house: a room of core, a program, a test.

find_package(Threads REQUIRED)

add_library(fovea_flags INTERFACE)
target_compile_options(fovea_flags INTERFACE -Wall -Wextra -Wshadow -Wno-unused-parameter)
if(FOVEA_SANITIZE)
  target_compile_options(fovea_flags INTERFACE -fsanitize=${FOVEA_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(fovea_flags INTERFACE -fsanitize=${FOVEA_SANITIZE})
endif()

# fovea_room(labels SOURCES a.cpp … DEPS fovea_data … PRIVATE OpenVDB::openvdb …)
# One static library per folder of core. Include root is core itself; .ci/layers checks who may know whom.
function(fovea_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS;PRIVATE" ${ARGN})
  add_library(fovea_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(fovea_${name} PUBLIC ${CMAKE_SOURCE_DIR}/core)
  target_link_libraries(fovea_${name} PUBLIC ${ROOM_DEPS} Threads::Threads PRIVATE fovea_flags ${ROOM_PRIVATE})
endfunction()

# fovea_add_test(labels tst_labels_brush NAME=value …): a test of a room with this environment, without the models that the
# person at this machine keeps. tests_<room> builds all of them.
function(fovea_add_test room target)
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS ${room} TIMEOUT 1800
    ENVIRONMENT "OMP_WAIT_POLICY=PASSIVE;OMP_NUM_THREADS=1;FOVEA_MODELS=${CMAKE_BINARY_DIR}/no-models;${ARGN}")
  if(NOT TARGET tests_${room})
    add_custom_target(tests_${room})
  endif()
  add_dependencies(tests_${room} ${target})
endfunction()

# fovea_qttest(labels tst_brush DEPS fovea_labels …): tests/<room>/tst_brush.cpp, a Qt Test program named tst_<room>_brush.
function(fovea_qttest room file)
  cmake_parse_arguments(TEST "" "" "DEPS;SOURCES" ${ARGN})
  string(REPLACE "tst_" "tst_${room}_" target ${file})
  add_executable(${target} ${file}.cpp ${TEST_SOURCES})
  set_target_properties(${target} PROPERTIES AUTOMOC ON RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE QT_NO_KEYWORDS FOVEA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${TEST_DEPS} Qt6::Test fovea_flags)
  fovea_add_test(${room} ${target} QT_QPA_PLATFORM=offscreen QTEST_FUNCTION_TIMEOUT=1700000)
endfunction()

# fovea_named_test(nn tst_unet DEPS fovea_nn): a list of named functions (tests/support/named_tests.h) with a plain main,
# so that it runs on GPU machines, which have no Qt.
function(fovea_named_test room file)
  cmake_parse_arguments(TEST "" "" "DEPS;SOURCES" ${ARGN})
  string(REPLACE "tst_" "tst_${room}_" target ${file})
  add_executable(${target} ${file}.cpp ${CMAKE_SOURCE_DIR}/tests/support/named_tests.cpp ${TEST_SOURCES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE FOVEA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${TEST_DEPS} fovea_flags)
  fovea_add_test(${room} ${target})
endfunction()
