//! Lists that mostly hold one thing.

use thin_vec::ThinVec;

/// Lists of operations, locks and the like, of which a large script keeps
/// hundreds of thousands.
pub trait Few<T> {
    /// Adds an element; the first one gets room for itself alone, where
    /// [`Vec::push`] makes room for four.
    fn push_few(&mut self, element: T);
}

impl<T> Few<T> for Vec<T> {
    fn push_few(&mut self, element: T) {
        if self.capacity() == 0 {
            self.reserve_exact(1);
        }
        self.push(element);
    }
}

impl<T> Few<T> for ThinVec<T> {
    fn push_few(&mut self, element: T) {
        if self.capacity() == 0 {
            self.reserve_exact(1);
        }
        self.push(element);
    }
}
