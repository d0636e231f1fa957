# Every third-party package, found once. What the gpu-core preset leaves out is left out here by list.

set(FOVEA_HEADERS "" CACHE PATH "Folder with the headers of spdlog, nlohmann-json and CLI11, where they have no CMake packages")
if(FOVEA_HEADERS)
  include(FoveaHeaders)
else()
  find_package(spdlog REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_package(CLI11 REQUIRED)
endif()
if(FOVEA_TORCH)
  find_package(TorchWheel 2.11 REQUIRED)
endif()

if(NOT FOVEA_GPU_CORE)
  find_package(ZLIB REQUIRED)
  find_package(TIFF REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(BLOSC REQUIRED IMPORTED_TARGET blosc)
  pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
  pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
  pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
  find_package(TBB REQUIRED)

  find_package(Qt6 6.4 REQUIRED COMPONENTS Widgets OpenGLWidgets Svg Test)
  find_package(VTK 9.1 REQUIRED COMPONENTS CommonCore CommonDataModel CommonExecutionModel FiltersCore FiltersSources
    ImagingCore InteractionStyle RenderingCore RenderingOpenGL2 RenderingAnnotation RenderingFreeType)
  set(fovea_vtk ${VTK_LIBRARIES})   # find_package(ITK) may overwrite VTK_LIBRARIES with every module there is

  # Component list on purpose: without it ITK brings modules that link FFTW, which is GPL.
  find_package(ITK 5.2 QUIET REQUIRED COMPONENTS ITKCommon ITKIOImageBase ITKIONIFTI ITKIONRRD ITKIOMeta ITKIOMRC ITKIOPNG
    ITKDistanceMap ITKWatersheds ITKThresholding ITKSmoothing ITKConnectedComponents ITKImageFeature)
  add_library(fovea_itk INTERFACE)
  target_include_directories(fovea_itk SYSTEM INTERFACE ${ITK_INCLUDE_DIRS})
  target_link_libraries(fovea_itk INTERFACE ${ITK_LIBRARIES})

  list(APPEND CMAKE_MODULE_PATH "/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/cmake/OpenVDB")
  find_package(OpenVDB 10 REQUIRED)
endif()
