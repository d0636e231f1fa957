#include "data/volume.h"

namespace fovea {

std::size_t sizeOf(DType type) {
    return dispatch(type, []<class T>(T) { return sizeof(T); });
}

const char* name(DType type) {
    switch (type) {
        case DType::U8:
            return "uint8";
        case DType::I8:
            return "int8";
        case DType::U16:
            return "uint16";
        case DType::I16:
            return "int16";
        case DType::U32:
            return "uint32";
        case DType::I32:
            return "int32";
        case DType::U64:
            return "uint64";
        case DType::I64:
            return "int64";
        case DType::F32:
            return "float32";
        case DType::F64:
            break;
    }
    return "float64";
}

DType dtypeByName(const std::string& wanted) {
    for (DType type : {DType::U8, DType::I8, DType::U16, DType::I16, DType::U32, DType::I32, DType::U64, DType::I64,
                       DType::F32, DType::F64})
        if (wanted == name(type)) return type;
    throw Error(
        ErrorKind::Unsupported,
        {FOVEA_TR("The voxel type \"{type}\" is not read here. Convert the image to uint8, uint16, int32 or float32."),
         {{"type", wanted}}});
}

}  // namespace fovea
