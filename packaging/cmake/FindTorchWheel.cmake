# LibTorch from its Python wheel, without a CUDA toolkit: fovea::torch = libtorch_cpu + libc10.
# Never links libtorch.so (it needs libtorch_cuda.so); CUDA is opened at run time by core/nn/device.
# Its headers come last (-idirafter): the wheel carries its own fmt, which must not shadow the distribution's.

if(NOT "$ENV{FOVEA_TORCH_ROOT}" STREQUAL "")
  set(fovea_torch_default "$ENV{FOVEA_TORCH_ROOT}")
else()
  if(NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
    set(fovea_cache "$ENV{XDG_CACHE_HOME}/fovea")
  else()
    set(fovea_cache "$ENV{HOME}/.cache/fovea")
  endif()
  set(fovea_torch_default "${fovea_cache}/torch-2.11.0-cpu")
  if(EXISTS "${fovea_cache}/torch-2.11.0-cuda")
    set(fovea_torch_default "${fovea_cache}/torch-2.11.0-cuda")
  endif()
endif()
set(FOVEA_TORCH_ROOT "${fovea_torch_default}" CACHE PATH
  "Folder that holds torch/: unpacked wheels with nvidia/ beside it, or the site-packages of a Python that has torch")

find_path(TorchWheel_INCLUDE_DIR torch/headeronly/version.h HINTS "${FOVEA_TORCH_ROOT}/torch/include" NO_DEFAULT_PATH)
foreach(lib torch_cpu c10)
  find_library(TorchWheel_${lib}_LIBRARY ${lib} HINTS "${FOVEA_TORCH_ROOT}/torch/lib" NO_DEFAULT_PATH)
endforeach()
# The CUDA runtime that libtorch_cpu.so names, if it names one. Its own search path leads to nvidia/*/lib and torch/lib; a
# Python of another origin has it in the toolkit's or the system's folders.
set(TorchWheel_CUDART "not needed")
if(TorchWheel_torch_cpu_LIBRARY)
  execute_process(COMMAND ${CMAKE_READELF} -d "${TorchWheel_torch_cpu_LIBRARY}" OUTPUT_VARIABLE needed ERROR_QUIET)
  if(needed MATCHES "\\[(libcudart[^]]*)\\]")
    set(cudart "${CMAKE_MATCH_1}")
    file(GLOB TorchWheel_CUDART "${FOVEA_TORCH_ROOT}/nvidia/*/lib/${cudart}" "${FOVEA_TORCH_ROOT}/torch/lib/${cudart}")
    if(NOT TorchWheel_CUDART)
      file(GLOB folders "/usr/local/cuda*/lib64" "/usr/local/cuda*/targets/*/lib")
      find_file(TorchWheel_CUDART_ELSEWHERE ${cudart} HINTS "$ENV{CUDA_HOME}/lib64" "${FOVEA_TORCH_ROOT}/../.."
        PATHS ${folders} /usr/lib /usr/lib64 PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE})
      set(TorchWheel_CUDART "${TorchWheel_CUDART_ELSEWHERE}")
    endif()
  endif()
endif()
if(TorchWheel_INCLUDE_DIR)
  set(TorchWheel_VERSION "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${TorchWheel_INCLUDE_DIR}/torch/headeronly/version.h" line REGEX "define TORCH_VERSION_${part} ")
    string(REGEX MATCH "[0-9]+$" number "${line}")
    list(APPEND TorchWheel_VERSION ${number})
  endforeach()
  list(JOIN TorchWheel_VERSION "." TorchWheel_VERSION)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TorchWheel VERSION_VAR TorchWheel_VERSION REQUIRED_VARS
  TorchWheel_torch_cpu_LIBRARY TorchWheel_c10_LIBRARY TorchWheel_INCLUDE_DIR TorchWheel_CUDART)
if(TorchWheel_FOUND AND NOT TARGET fovea::torch)
  # at::parallel_for is a template: without OpenMP it runs on one thread. There is one libgomp, which torch brings.
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  add_library(fovea::c10 SHARED IMPORTED)
  set_target_properties(fovea::c10 PROPERTIES IMPORTED_LOCATION "${TorchWheel_c10_LIBRARY}" IMPORTED_SONAME libc10.so)
  add_library(fovea::torch SHARED IMPORTED)
  set_target_properties(fovea::torch PROPERTIES
    IMPORTED_LOCATION "${TorchWheel_torch_cpu_LIBRARY}" IMPORTED_SONAME libtorch_cpu.so)
  target_compile_options(fovea::torch INTERFACE
    "SHELL:-idirafter ${TorchWheel_INCLUDE_DIR}"
    "SHELL:-idirafter ${TorchWheel_INCLUDE_DIR}/torch/csrc/api/include")
  target_link_libraries(fovea::torch INTERFACE fovea::c10 OpenMP::OpenMP_CXX)
  target_link_options(fovea::torch INTERFACE "LINKER:--allow-shlib-undefined")
  if(TorchWheel_CUDART_ELSEWHERE)  # torch would not find it: the program names it and where it is
    target_link_libraries(fovea::torch INTERFACE -Wl,--push-state,--no-as-needed "${TorchWheel_CUDART_ELSEWHERE}"
      -Wl,--pop-state)
  endif()
endif()
